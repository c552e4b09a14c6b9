"""Code, runtime and role of the library's own functions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Its modules load when they are first used: aws_lambda takes half a second.
import aws_cdk
from aws_cdk import AssetHashType
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.functions.code import FunctionName, fingerprint, function_files


def function_role(
    scope: Construct, construct_id: str, *, description: str, log_group: aws_cdk.aws_logs.LogGroup
) -> iam.Role:
    """Make the role of a function that writes to `log_group`."""
    role = iam.Role(
        scope,
        construct_id,
        description=description,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    log_group.grant_write(role)
    return role


def function_runtime() -> aws_cdk.aws_lambda.Runtime:
    """Return the runtime of all functions: the newest Python that the lowest supported aws-cdk-lib has."""
    return aws_cdk.aws_lambda.Runtime.PYTHON_3_14


@contextmanager
def function_code(name: FunctionName) -> Iterator[aws_cdk.aws_lambda.Code]:
    """Yield the code of one function; CDK copies it into the cloud assembly when the block makes the function."""
    files = function_files(name)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            # The CLI keeps the mode in the zip, and Lambda runs the code as a user who does not own it.
            target.chmod(0o644)
        yield aws_cdk.aws_lambda.Code.from_asset(
            folder, asset_hash=fingerprint(files), asset_hash_type=AssetHashType.CUSTOM
        )
