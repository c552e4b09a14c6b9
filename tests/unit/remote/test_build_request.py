"""A build request names the registries that its build logs in to."""

from __future__ import annotations

from tests.unit.remote.requests import REGISTRY, request


def test_registries_are_those_of_image_base_named_images_and_caches() -> None:
    asked = request(
        build_args={
            "BASE_IMAGE_URI": "222222222222.dkr.ecr.us-east-1.amazonaws.com/base:sha-1",
            "OTHER": "evil.io/x",
        },
        image_contexts={"shared": "docker-image://public.ecr.aws/x/y:1"},
        cache_from=("type=registry,ref=333333333333.dkr.ecr.eu-west-1.amazonaws.com/upload:cache",),
        cache_to=f"type=registry,ref={REGISTRY}/upload-dev:cache,mode=max",
    )
    assert asked.registries == (
        REGISTRY,
        "222222222222.dkr.ecr.us-east-1.amazonaws.com",
        "333333333333.dkr.ecr.eu-west-1.amazonaws.com",
        "public.ecr.aws",
    )
