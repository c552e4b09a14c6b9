"""What becomes of stateful resources, in CDK's words."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from stacks.environment import AppEnvironment


def removal_policy(environment: AppEnvironment) -> RemovalPolicy:
    """The environment's removal policy."""
    return RemovalPolicy.DESTROY if environment.destroys else RemovalPolicy.RETAIN
