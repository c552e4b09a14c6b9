"""Orders the deploys of stacks and of resources, in old versions of aws-cdk-lib too.

These know the methods only as add_dependency, of which new versions warn.
"""

from __future__ import annotations

from aws_cdk import CfnResource, Stack


def deploy_after(stack: Stack, other: Stack) -> None:
    """Have `stack` deployed after `other`. Raises jsii's RuntimeError if `other` waits for `stack` already."""
    if hasattr(stack, "add_stack_dependency"):
        stack.add_stack_dependency(other)
    else:
        stack.add_dependency(other)


def create_after(resource: CfnResource, other: CfnResource) -> None:
    """Have `resource` created after `other`."""
    if hasattr(resource, "add_resource_dependency"):
        resource.add_resource_dependency(other)
    else:
        resource.add_dependency(other)
