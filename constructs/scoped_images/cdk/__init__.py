"""The constructs: the only code that imports aws_cdk."""
