"""Which images of a repository may go: plain Python, used by the Lambda function and the command line."""
