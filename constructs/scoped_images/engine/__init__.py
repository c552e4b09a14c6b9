"""Decides from a container engine's own answers whether `cdk deploy` can build images with it."""
