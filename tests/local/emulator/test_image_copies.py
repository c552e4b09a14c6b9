"""Copies between repositories: by cdk-ecr-deployment's own function where it runs, else in the registry."""

import importlib.resources
import io
import json
import multiprocessing
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.emulator.pretends import runs_linux_programs
from tests.local.emulator.aws import ACCOUNT, REGION, Aws
from tests.local.emulator.registry_client import INDEX, MANIFEST
from tests.local.emulator.stacks import deploy

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def copy_stack(bucket: str, source: str, destination: str) -> dict[str, Any]:
    """The function of cdk-ecr-deployment and one copy, as the construct writes them into a template."""
    return {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Timeout": 60,
                "Role": f"arn:aws:iam::{ACCOUNT}:role/copy",
                "Code": {"S3Bucket": bucket, "S3Key": "code.zip"},
            },
        },
        "Copy": {
            "Type": "Custom::CDKECRDeployment",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                "SrcImage": source,
                "DestImage": destination,
                "ImageArch": "amd64",
            },
        },
    }


def function_code() -> bytes:
    """The zip that the construct makes of the program in its wheel."""
    package = importlib.resources.files("cdk_ecr_deployment._jsii")
    (archive,) = [Path(str(file)) for file in package.iterdir() if file.name.endswith(".tgz")]
    with tarfile.open(archive) as tar:
        program = tar.extractfile("package/lambda-bin/bootstrap")
        assert program is not None
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as zipped:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            zipped.writestr(entry, program.read())
    return made.getvalue()


@pytest.mark.skipif(not runs_linux_programs(), reason="the function is a program for Linux on x86-64")
@pytest.mark.parametrize(
    ("account", "region"), [(ACCOUNT, REGION), ("222222222222", "eu-west-1")], ids=["own", "another"]
)
def test_the_real_function_copies_to_an_account_and_region(aws: Aws, account: str, region: str) -> None:
    """Through the TLS front. A repository of one name in two places is two repositories."""
    s3 = aws.client("s3")
    own, there = aws.client("ecr"), aws.new_client("ecr", account=account, region=region)
    source, destination, bucket = aws.name("source"), aws.name("copy"), aws.name("bucket")
    for client, name in ((own, source), (own, destination), (there, destination)):
        with suppress(own.exceptions.RepositoryAlreadyExistsException):
            client.create_repository(repositoryName=name)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=function_code())
    digest = aws.registry.push(source, "sha-1", b"layer one", b"layer two")
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    stack = copy_stack(bucket, f"docker://{HOST}/{source}:sha-1", f"docker://{host}/{destination}:stable")
    deploy(aws, aws.name("stack"), stack)
    (copied,) = there.describe_images(repositoryName=destination)["imageDetails"]
    assert (copied["imageDigest"], copied["imageTags"]) == (digest, ["stable"])
    in_own = own.describe_images(repositoryName=destination)["imageDetails"]
    assert len(in_own) == (1 if (account, region) == (ACCOUNT, REGION) else 0)


def copy_in_registry(state: Path) -> dict[str, str]:
    """Copies made by the stand-in for the function; in a process of its own, for ministack is one per process."""
    from ministack.services import ecr  # noqa: PLC0415

    from cdk_local_aws.emulator.blob_store import BlobStore, RepositoryKey  # noqa: PLC0415
    from cdk_local_aws.emulator.patches import ecr_blobs, ecr_images, ecr_mutability, image_copies  # noqa: PLC0415

    store = BlobStore(state)
    ecr_images.apply()
    ecr_mutability.apply()
    ecr_blobs.apply(store)
    for name in ("source", "copy"):
        ecr._create_repository({"repositoryName": name})
    source = RepositoryKey(ACCOUNT, REGION, "source")
    upload = store.start_upload()
    store.append(upload, b"layer")
    layer = ecr._content_digest(b"layer")
    store.finish_upload(upload, source, layer)
    manifest = json.dumps({"layers": [{"digest": layer, "size": 5}]}).encode()
    ecr._v2_put_manifest("source", "one", {"content-type": MANIFEST}, manifest)
    entry = {"digest": ecr._content_digest(manifest), "platform": {"architecture": "arm64"}}
    index = json.dumps({"manifests": [entry]}).encode()
    ecr._v2_put_manifest("source", "all", {"content-type": INDEX}, index)
    outcomes = {}
    for tag, architecture in (("one", "amd64"), ("all", "arm64"), ("all", "amd64"), ("none", "amd64")):
        copied = f"{tag}-{architecture}"
        try:
            image_copies.copy(
                store, f"docker://{HOST}/source:{tag}", f"docker://{HOST}/copy:{copied}", architecture
            )
        except ValueError as error:
            outcomes[copied] = str(error)
        else:
            copied_digest = ecr._resolve_manifest("copy", copied)[0]
            same = copied_digest == entry["digest"] and store.find(
                RepositoryKey(ACCOUNT, REGION, "copy"), layer
            )
            outcomes[copied] = "same digest, with its layer" if same else f"other: {copied_digest}"
    return outcomes


def test_where_it_cannot_run_the_registry_copies(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        outcomes = pool.apply(copy_in_registry, [tmp_path])
    assert outcomes == {
        "one-amd64": "same digest, with its layer",
        "all-arm64": "same digest, with its layer",
        "all-amd64": "source:all has no image for amd64, it has: arm64",
        "none-amd64": "source:none is not in the registry",
    }
