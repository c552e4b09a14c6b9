"""What a Dockerfile reads of its build context, as BuildKit would read it; plain Python, no aws_cdk."""
