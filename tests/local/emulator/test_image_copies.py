"""Copies between repositories, by cdk-ecr-deployment's own function or in the registry."""

import importlib.resources
import io
import json
import multiprocessing
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.emulator.pretends import runs_linux_programs
from tests.local.emulator.aws import ACCOUNT, REGION, Aws
from tests.local.emulator.registry_client import INDEX, MANIFEST
from tests.local.emulator.stacks import deploy

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def copy_stack(bucket: str, source: str, *destinations: str) -> dict[str, Any]:
    """Return the resources of cdk-ecr-deployment for these copies."""
    properties = {
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Timeout": 60,
        "Role": f"arn:aws:iam::{ACCOUNT}:role/copy",
        "Code": {"S3Bucket": bucket, "S3Key": "code.zip"},
    }
    copies = {
        f"Copy{number}": {
            "Type": "Custom::CDKECRDeployment",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                "SrcImage": source,
                "DestImage": destination,
                "ImageArch": "amd64",
            },
        }
        for number, destination in enumerate(destinations)
    }
    return {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}, **copies}


def function_code() -> bytes:
    """Zip the program in the construct's wheel, as the construct does."""
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
def test_the_real_function_copies_within_an_account_and_to_another_account_and_region(aws: Aws) -> None:
    """It uses the TLS front. Two repositories of one name in two places are not confused."""
    own, there = aws.client("ecr"), aws.new_client("ecr", account="222222222222", region="eu-west-1")
    source, copy, both = aws.repository(), aws.repository(), aws.repository()
    there.create_repository(repositoryName=both)
    digest = aws.registry.push(source, "sha-1", b"layer one", b"layer two")
    stack = copy_stack(
        aws.bucket(**{"code.zip": function_code()}),
        f"docker://{HOST}/{source}:sha-1",
        f"docker://{HOST}/{copy}:stable",
        f"docker://222222222222.dkr.ecr.eu-west-1.amazonaws.com/{both}:stable",
    )
    deploy(aws, aws.name("stack"), stack)
    for client, repository in ((own, copy), (there, both)):
        (copied,) = client.describe_images(repositoryName=repository)["imageDetails"]
        assert (copied["imageDigest"], copied["imageTags"]) == (digest, ["stable"])
    assert own.describe_images(repositoryName=both)["imageDetails"] == []


def copy_in_registry(state: Path) -> dict[str, str]:
    """Copy with the stand-in for the function; in its own process, because ministack's state is global."""
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
