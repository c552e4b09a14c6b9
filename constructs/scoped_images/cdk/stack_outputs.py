"""Outputs of a stack under readable names that do not change, and SSM parameters of the same names."""

from __future__ import annotations

import re
from collections.abc import Mapping

# aws_ssm loads when it is first used.
import aws_cdk
from aws_cdk import CfnOutput
from constructs import Construct

from scoped_images.cdk.checked import checked
from scoped_images.cdk.place import path_of, stack_of
from scoped_images.errors import ScopedImagesError


class StackOutputs(Construct):
    """Outputs under the names that are given, and not under logical ids that CDK makes."""

    @checked()
    def __init__(
        self, scope: Construct, construct_id: str, values: Mapping[str, str], *, parameters: str | None = None
    ) -> None:
        """Add outputs to the stack of `scope`, of which CloudFormation allows 200.

        values: by the name of the output, letters and digits: `{"ServiceName": service.service_name}`.
        parameters: a path such as `/shop/dev`, below which each value is an SSM parameter of the same name too. Defaults
            to none.
        """
        super().__init__(scope, construct_id)
        add_outputs(self, values, parameters=parameters)


def add_outputs(scope: Construct, values: Mapping[str, str], *, parameters: str | None = None) -> None:
    """Add outputs to the stack of `scope`, as StackOutputs does."""
    stack = stack_of(scope)
    if parameters is not None and not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", parameters):
        raise ScopedImagesError(
            f"parameters: must be a path, got {parameters!r} for {path_of(stack)!r}; use a path such as '/shop/dev'"
        )
    for name, value in values.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
            raise ScopedImagesError(
                f"outputs: must be a name of letters and digits, got {name!r} for {path_of(stack)!r}; remove other "
                "characters"
            )
        try:
            CfnOutput(stack, name, value=value)
        except RuntimeError as error:
            if "There is already a Construct" not in str(error):
                raise
            raise ScopedImagesError(
                f"outputs: stack {path_of(stack)!r} already has a construct or output of this name, got {name!r}; pass "
                "another name"
            ) from None
        if parameters is not None:
            aws_cdk.aws_ssm.StringParameter(
                stack, f"{name}Parameter", parameter_name=f"{parameters}/{name}", string_value=value
            )


def output_name(construct_id: str) -> str:
    """Return an id or name as part of an output's: `upload-images` as `UploadImages`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", construct_id))
