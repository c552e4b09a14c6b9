"""A registry cache renders itself to the options that BuildKit and ECR need."""

from __future__ import annotations

import pytest

from scoped_images import Platform, RegistryCache, ScopedImagesError
from scoped_images.ecr.address import RepositoryAddress

REPOSITORY = RepositoryAddress(account="111111111111", region="eu-west-1", name="api-dev")
URI = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/api-dev"


def cache(**options: object) -> RegistryCache:
    return RegistryCache(**{"repository": REPOSITORY, "platform": Platform.LINUX_ARM64, **options})  # type: ignore[arg-type]


def test_imports_from_and_exports_to_one_tag_for_each_platform() -> None:
    (source,) = cache().cache_from()
    target = cache().cache_to()
    assert (source.type, source.params) == ("registry", {"ref": f"{URI}:cache-linux-arm64"})
    assert target is not None
    assert (target.type, target.params) == (
        "registry",
        {
            "ref": f"{URI}:cache-linux-arm64",
            "mode": "max",
            "image-manifest": "true",
            "oci-mediatypes": "true",
            "ignore-error": "true",
        },
    )


def test_a_branch_writes_its_own_cache_and_reads_the_main_one() -> None:
    branch = cache(branch="pr-7")
    assert branch.ref == f"{URI}:cache-pr-7-linux-arm64"
    assert [option.params for option in branch.cache_from()] == [
        {"ref": f"{URI}:cache-pr-7-linux-arm64"},
        {"ref": f"{URI}:cache-linux-arm64"},
    ]


def test_images_of_one_repository_have_caches_by_name() -> None:
    """A pull request's begins with `cache-pr-`, which the lifecycle expires."""
    named = cache(name="upload", branch="pr-7")
    assert [option.params["ref"] for option in named.cache_from()] == [
        f"{URI}:cache-pr-7-upload-linux-arm64",
        f"{URI}:cache-upload-linux-arm64",
    ]


def test_an_untrusted_build_only_imports() -> None:
    assert cache(export=False).cache_to() is None
    assert len(cache(export=False).cache_from()) == 1


def test_further_refs_are_imported_last() -> None:
    assert cache(imports=("other:cache",)).cache_from()[-1].params == {"ref": "other:cache"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"branch": "feature/x"},
            "branch of the registry cache: must be part of a tag, got 'feature/x'; use",
        ),
        (
            {"name": "linux-app"},
            "name of the registry cache: must be 1-64 lower-case letters, digits, '.', '_' and '-', and no 'linux' or "
            "'pr' at the start, got 'linux-app'; use the name of the image",
        ),
        (
            {"imports": ("${Token[TOKEN.3]}:cache",)},
            "imports of the registry cache: must be known before CloudFormation deploys, got the token",
        ),
    ],
)
def test_a_ref_that_no_build_could_use_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ScopedImagesError) as caught:
        cache(**options)
    assert message in str(caught.value)
