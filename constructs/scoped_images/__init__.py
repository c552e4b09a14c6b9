"""AWS CDK constructs that build and ship container images from a Python monorepo."""
