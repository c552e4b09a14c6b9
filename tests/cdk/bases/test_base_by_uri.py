"""Base images that the app does not build."""

from __future__ import annotations

import pytest
from aws_cdk.assertions import Annotations, Match

from scoped_images import BuildOptions, ImagesLock, UpstreamImages
from tests.cdk.small_app import SmallApp
from tests.refusals import refused

BASE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/base"
DIGEST = f"sha256:{'1' * 64}"


@pytest.mark.parametrize(
    ("uri", "lock", "read"),
    [
        (f"{BASE}:prod", {}, None),
        (f"{BASE}:prod", {f"{BASE}:prod": DIGEST}, f"docker-image://{BASE}@{DIGEST}"),
        (f"{BASE}@{DIGEST}", {}, None),
    ],
    ids=["unpinned", "locked", "by digest"],
)
def test_a_base_by_uri_is_read_at_its_pin(
    small_app: SmallApp, uri: str, lock: dict[str, str], read: str | None
) -> None:
    stack = small_app.stack("App")
    options = BuildOptions(upstream=UpstreamImages(lock=ImagesLock(images=lock)))
    context = small_app.context("copying", "COPY --from=tools / /\n")
    small_app.image(stack, context=context, base=uri, named_bases={"tools": uri}, options=options)
    (asset,) = small_app.assets()
    assert asset["source"]["dockerBuildArgs"] == {"BASE_IMAGE_URI": uri}
    contexts = {"tools": read or f"docker-image://{uri}", **({uri: read} if read else {})}
    assert asset["source"]["dockerBuildContexts"] == contexts
    warned = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("is not pinned.*; add its digest to the URI, @sha256:… ")
    )
    assert len(warned) == (0 if lock or "@" in uri else 1)


def test_a_base_that_is_not_pinned_is_refused_where_pins_are_required(small_app: SmallApp) -> None:
    options = BuildOptions(upstream=UpstreamImages(require_pins=True))
    with refused(
        "require_pins: Dockerfile must name each external image by a digest or have its pin in the lock file, got "
        f"{BASE}:1, {BASE}:2; add its digest to the URI, @sha256:…"
    ):
        small_app.image(
            small_app.stack("App"),
            context=small_app.context("copying", "COPY --from=tools / /\n"),
            base=f"{BASE}:1",
            named_bases={"tools": f"{BASE}:2"},
            options=options,
        )


def test_another_base_by_uri_is_another_image(small_app: SmallApp) -> None:
    stack = small_app.stack("App")
    tags = {
        small_app.image(stack, name, base=base).tag
        for name, base in (("a", None), ("b", f"{BASE}:1"), ("c", f"{BASE}:2"))
    }
    assert len(tags) == 3
