"""`scoped-images bases refresh`: rolls the dependents of a static base image forward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scoped_images.command_line.aws_region import aws_region
from scoped_images.errors import ScopedImagesError
from scoped_images.refresh_marks import DEFAULT_MARKS, RefreshMarks

_TAG = "stable"


def refresh(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The base image, such as receipt-dynamo.")],
    *,
    env: Annotated[str, typer.Option(help="The environment whose dependents to roll forward.")],
    region: Annotated[
        str | None, typer.Option(help="Where its repository is.", show_default="as the AWS CLI finds it")
    ] = None,
    repository: Annotated[
        str | None, typer.Option(help="Its repository.", show_default="base-NAME-ENV")
    ] = None,
    marks: Annotated[Path, typer.Option(help="The file of marks.")] = DEFAULT_MARKS,
) -> None:
    """Record what `stable` of a base image is now, so that its dependents are built on it at the next deploy."""
    old = RefreshMarks.read(marks)
    digest = _stable_digest(repository or f"base-{name}-{env}", region)
    before = old.of(env, name)
    if before == digest:
        print(f"nothing moved: {_TAG} of {name} is {digest} in {env}, as at the last refresh")
        return
    old.having(env, name, digest).write(marks)
    print(f"{_TAG} of {name} in {env}: {before or 'never refreshed'} → {digest}")
    print(f"{marks} is rewritten: commit it; the next deploy of {env} builds what stands on {name} again")


def _stable_digest(repository: str, region: str | None) -> str:
    try:
        import boto3  # noqa: PLC0415 - the other commands do without
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ScopedImagesError(f"refresh needs {error.name}: pip install boto3") from None
    place = aws_region(region)
    try:
        answer = boto3.client("ecr", region_name=place).describe_images(
            repositoryName=repository, imageIds=[{"imageTag": _TAG}]
        )
    except ClientError as error:
        raise _told(error.response["Error"], repository, place) from None
    except BotoCoreError as error:
        raise ScopedImagesError(f"cannot ask ECR in {place}: {error}") from None
    details = answer["imageDetails"]
    if not details:
        raise _told({"Code": "ImageNotFoundException"}, repository, place)
    return str(details[0]["imageDigest"])


def _told(error: dict[str, Any], repository: str, region: str) -> ScopedImagesError:
    match error.get("Code"):
        case "RepositoryNotFoundException":
            return ScopedImagesError(
                f"there is no repository {repository} in {region}: deploy the base image first, or name another "
                "with --repository, --env or --region"
            )
        case "ImageNotFoundException":
            return ScopedImagesError(
                f"repository {repository} in {region} has no image {_TAG}: deploy the base image first"
            )
    return ScopedImagesError(
        f"ECR in {region} does not tell about {repository}: {error.get('Message') or error}"
    )
