"""What becomes of stateful resources, in CDK's words."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from scoped_images import Environment


def removal_policy(environment: Environment) -> RemovalPolicy:
    """The environment's removal policy."""
    return RemovalPolicy.DESTROY if environment.destroys else RemovalPolicy.RETAIN
