"""Code, runtime and role of the library's own functions."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
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
        assumed_by=lambda_principal(),
    )
    log_group.grant_write(role)
    return role


@cache
def lambda_principal() -> iam.ServicePrincipal:
    """Return who assumes the role of a function."""
    return iam.ServicePrincipal("lambda.amazonaws.com")


@cache
def function_runtime() -> aws_cdk.aws_lambda.Runtime:
    """Return the runtime of all functions: the newest Python that the lowest supported aws-cdk-lib has."""
    return aws_cdk.aws_lambda.Runtime.PYTHON_3_14


def function_code(name: FunctionName) -> aws_cdk.aws_lambda.Code:
    """Return the code of one function, which CDK copies into the cloud assembly."""
    folder, asset_hash = _written(name)
    # A clean-up of temporary files may have removed it.
    if not Path(folder).is_dir():
        _written.cache_clear()
        folder, asset_hash = _written(name)
    return aws_cdk.aws_lambda.Code.from_asset(
        folder, asset_hash=asset_hash, asset_hash_type=AssetHashType.CUSTOM
    )


@cache
def _written(name: FunctionName) -> tuple[str, str]:
    """Return a folder with the files of one function, until the app ends, and their fingerprint."""
    files, folder = function_files(name), tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    for path, content in files.items():
        target = Path(folder.name, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        # The CLI keeps the mode in the zip, and Lambda runs the code as a user who does not own it.
        target.chmod(0o644)
    return folder.name, fingerprint(files)
