"""What CloudFormation templates say about images: resolved JSON in, values out; no CDK."""
