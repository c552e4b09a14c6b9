"""ECR's gaps in stock ministack."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local.emulator.aws import ACCOUNT, GAP, Aws
from tests.local.emulator.registry_client import INDEX, Registry, digest_of
from tests.local.emulator.stacks import deploy, failure, resource

pytestmark = GAP


# Prefixes of other services' paths (SES v2, API Gateway v2, task credentials), and words of the registry's own paths.
NAMES = (
    "email",
    "emailservice-dev",
    "email/identities",
    "apis",
    "credentials/app",
    "tags/app",
    "team/manifests/app",
    "blobs",
)


def test_a_repository_may_have_any_name(aws: Aws) -> None:
    for name in NAMES:
        aws.client("ecr").create_repository(repositoryName=name)
        digest = aws.registry.push(name, "one", name.encode())
        anonymous = Registry(aws.port)
        for path in (f"manifests/{digest}", "tags/list", f"blobs/{digest_of(name.encode())}"):
            assert aws.registry.call("GET", f"/v2/{name}/{path}").status == 200, (name, path)
            assert anonymous.call("GET", f"/v2/{name}/{path}").status == 401, (name, path)
    assert aws.client("sesv2").list_email_identities()["EmailIdentities"] == []


def test_describing_an_unknown_tag_says_image_not_found(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    with pytest.raises(ClientError) as caught:
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "missing"}])
    assert caught.value.response["Error"] == {
        "Code": "ImageNotFoundException",
        "Message": (
            "The image with imageId {imageDigest:'null', imageTag:'missing'} does not exist within the "
            f"repository with name '{name}' in the registry with id '{ACCOUNT}'"
        ),
    }


def test_listing_gives_one_id_per_tag(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    digest = aws.registry.push(name, "one", b"layer")
    aws.registry.push(name, "two", b"layer")
    untagged = aws.registry.push(name, "moving", b"old")
    aws.registry.push(name, "moving", b"layer")
    listed = ecr.list_images(repositoryName=name)["imageIds"]
    assert sorted(listed, key=str) == sorted(
        [
            {"imageDigest": digest, "imageTag": "one"},
            {"imageDigest": digest, "imageTag": "two"},
            {"imageDigest": digest, "imageTag": "moving"},
            {"imageDigest": untagged},
        ],
        key=str,
    )


def test_getting_an_image_answers_the_tag_asked_for(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    digest = aws.registry.push(name, "one", b"layer")
    aws.registry.push(name, "two", b"layer")
    both = [{"imageTag": "one"}, {"imageTag": "two"}]
    images = ecr.batch_get_image(repositoryName=name, imageIds=both)["images"]
    assert [image["imageId"] for image in images] == [
        {"imageDigest": digest, "imageTag": "one"},
        {"imageDigest": digest, "imageTag": "two"},
    ]


def test_deleting_a_tag_leaves_the_image_under_its_others(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    digest = aws.registry.push(name, "one", b"layer")
    aws.registry.push(name, "two", b"layer")
    deleted = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "one"}])
    assert deleted["imageIds"] == [{"imageDigest": digest, "imageTag": "one"}]
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": digest, "imageTag": "two"}]


def test_deleting_a_digest_names_every_tag_that_goes(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    digest = aws.registry.push(name, "one", b"layer")
    aws.registry.push(name, "two", b"layer")
    deleted = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    assert sorted(i["imageTag"] for i in deleted["imageIds"]) == ["one", "two"]
    assert ecr.list_images(repositoryName=name)["imageIds"] == []
    assert aws.registry.call("GET", f"/v2/{name}/manifests/{digest}").status == 404


def test_an_image_that_an_index_lists_is_not_deleted(aws: Aws) -> None:
    ecr, name, registry = aws.client("ecr"), aws.repository(), aws.registry
    digest = registry.push(name, "amd64", b"layer")
    index = b'{"schemaVersion": 2, "manifests": [{"digest": "%s", "size": 1}]}' % digest.encode()
    assert registry.put_manifest(name, "all", index, INDEX).status == 201
    deleted = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    assert deleted["imageIds"] == []
    assert [f["failureCode"] for f in deleted["failures"]] == ["ImageReferencedByManifestList"]


def test_an_images_size_is_that_of_its_config_and_layers(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository()
    aws.registry.push(name, "one", b"x" * 1000, b"y" * 500)
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageSizeInBytes"] == 1500 + len(b'{"architecture":"amd64","os":"linux"}')


FILTERS = [{"filterType": "WILDCARD", "filter": "cache*"}, {"filterType": "WILDCARD", "filter": "stable"}]
EXCLUSIONS: Any = {
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": FILTERS,
}


def test_exclusion_filters_are_kept_and_shown(aws: Aws) -> None:
    ecr, name = aws.client("ecr"), aws.repository(**EXCLUSIONS)
    (shown,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert shown["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert shown["imageTagMutabilityExclusionFilters"] == FILTERS


def test_a_push_moves_excluded_tags_and_no_other(aws: Aws) -> None:
    name, registry = aws.repository(**EXCLUSIONS), aws.registry
    for tag in ("stable", "cache-amd64", "sha-1"):
        registry.push(name, tag, b"first")
    second = registry.manifest(name, b"second")
    statuses = {
        tag: registry.put_manifest(name, tag, second).status for tag in ("stable", "cache-amd64", "sha-1")
    }
    assert statuses == {"stable": 201, "cache-amd64": 201, "sha-1": 400}
    refused = registry.put_manifest(name, "sha-1", second)
    assert b"TAG_INVALID" in refused.body
    assert f"The image tag 'sha-1' already exists in the '{name}' repository".encode() in refused.body


def test_putting_an_immutable_tag_on_another_image_is_refused(aws: Aws) -> None:
    ecr, name, registry = aws.client("ecr"), aws.repository(**EXCLUSIONS), aws.registry
    registry.push(name, "sha-1", b"first")
    other = registry.manifest(name, b"second").decode()
    ecr.put_image(repositoryName=name, imageManifest=other, imageTag="stable")
    with pytest.raises(ClientError) as caught:
        ecr.put_image(repositoryName=name, imageManifest=other, imageTag="sha-1")
    assert caught.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"


def test_a_put_manifest_is_pulled_by_its_digest(aws: Aws) -> None:
    """BuildKit asks the registry for a tag's digest and then pulls by that."""
    ecr, name, registry = aws.client("ecr"), aws.repository(), aws.registry
    child = registry.push(name, "amd64", b"layer")
    index = f'{{"schemaVersion": 2, "manifests": [{{"digest": "{child}", "size": 1}}]}}'
    put = ecr.put_image(
        repositoryName=name, imageManifest=index, imageManifestMediaType=INDEX, imageTag="all"
    )
    digest = put["image"]["imageId"]["imageDigest"]
    pulled = registry.call("GET", f"/v2/{name}/manifests/{digest}")
    assert (pulled.status, pulled.body.decode()) == (200, index)


def test_a_manifest_without_its_layers_is_refused(aws: Aws) -> None:
    name, registry = aws.repository(), aws.registry
    absent = digest_of(b"never pushed")
    manifest = b'{"schemaVersion": 2, "layers": [{"digest": "%s", "size": 1}]}' % absent.encode()
    refused = registry.put_manifest(name, "one", manifest)
    assert (refused.status, b"MANIFEST_BLOB_UNKNOWN" in refused.body) == (400, True)
    assert absent.encode() in refused.body


def test_a_new_repository_of_an_old_name_is_empty(aws: Aws) -> None:
    ecr, name, registry = aws.client("ecr"), aws.repository(), aws.registry
    digest = registry.push(name, "one", b"layer")
    ecr.delete_repository(repositoryName=name, force=True)
    ecr.create_repository(repositoryName=name)
    assert registry.call("GET", f"/v2/{name}/manifests/{digest}").status == 404
    assert registry.call("HEAD", f"/v2/{name}/blobs/{digest_of(b'layer')}").status == 404


def test_a_stack_does_not_take_over_a_repository_that_exists(aws: Aws) -> None:
    repository, stack = aws.repository(), aws.name("stack")
    with pytest.raises(WaiterError):
        deploy(aws, stack, {"R": resource("ECR::Repository", RepositoryName=repository)})
    message = f"Resource of type 'AWS::ECR::Repository' with identifier '{repository}' already exists."
    assert failure(aws, stack, "R") == message
    assert aws.client("ecr").describe_repositories(repositoryNames=[repository])["repositories"]


def test_a_download_is_resumed_from_an_offset(aws: Aws) -> None:
    name, registry = aws.repository(), aws.registry
    registry.push_blob(name, b"0123456789")
    reply = registry.call("GET", f"/v2/{name}/blobs/{digest_of(b'0123456789')}", Range="bytes=4-")
    assert (reply.status, reply.body) == (206, b"456789")
