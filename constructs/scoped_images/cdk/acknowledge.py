"""Acknowledges what cdk-nag finds in a construct."""

from __future__ import annotations

from constructs import IConstruct

# What aws_cdk.Validations.acknowledge writes and cdk-nag 3 reads. That class is newer than the lowest aws-cdk-lib that
# this package works with, and its first versions refuse the ids of findings in policies.
_METADATA = "aws:cdk:acknowledged-rules"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge a rule of cdk-nag's AwsSolutions pack, such as `L1`, and say why."""
    construct.node.add_metadata(_METADATA, {f"AwsSolutions::AwsSolutions-{rule}": reason})
