"""ECR repositories: made by the app, made elsewhere, or CDK's own."""
