"""Annotates constructs with text that a terminal or a CI log may show, and acknowledges what cdk-nag finds in them."""

from __future__ import annotations

from aws_cdk import Annotations
from constructs import IConstruct

from scoped_images.printable import printable_line

# What aws_cdk.Validations.acknowledge writes and cdk-nag 3 reads. That class is newer than the lowest aws-cdk-lib that
# this package works with, and its first versions refuse the ids of findings in policies.
_METADATA = "aws:cdk:acknowledged-rules"


def annotate_info(construct: IConstruct, kind: str, text: str) -> None:
    """Add a note that an app can acknowledge as `scoped-images:<kind>`."""
    Annotations.of(construct).add_info_v2(f"scoped-images:{kind}", printable_line(text))


def annotate_warning(construct: IConstruct, kind: str, text: str) -> None:
    """Add a warning that an app can acknowledge as `scoped-images:<kind>`."""
    Annotations.of(construct).add_warning_v2(f"scoped-images:{kind}", printable_line(text))


def annotate_error(construct: IConstruct, text: str) -> None:
    """Add an error, which names the construct's path; it fails the CLI's synth and deploy."""
    Annotations.of(construct).add_error(printable_line(f"{construct.node.path}: {text}"))


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge a rule of cdk-nag's AwsSolutions pack, such as `L1`, and say why."""
    construct.node.add_metadata(_METADATA, {f"AwsSolutions::AwsSolutions-{rule}": reason})
