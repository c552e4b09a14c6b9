"""What users' own tests compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from scoped_images import Platform, RemoteBuilder, ScopedContext, ScopedImage
from scoped_images.testing import scrub
from tests.cdk.small_app import SmallApp


def files_of(directory: Path, content: str) -> dict[str, Any]:
    """Template and asset manifest of pinned and unpinned images, a copy of one, and a nested stack, for one content."""
    directory.mkdir()
    app = SmallApp(directory)
    repositories, stack = app.stack("Repositories"), app.stack("App")
    base = app.base(
        app.stack("Base"), "base", app.repository("base", repositories), platform=Platform.LINUX_AMD64
    )
    builder = RemoteBuilder(app.stack("Builder"), "Builder", environment_name="dev")
    for name in ("one", "two", "three", "remote"):
        context = app.context(name)
        (context.root / "code.py").write_text(f"{name} {content}")
        image = ScopedImage(
            stack,
            name,
            context=ScopedContext.of(context.root),
            repository=app.repository(name, repositories) if name in ("one", "remote") else None,
            base=base,
            builder=builder if name == "remote" else None,
            pin_digest=name != "three",
        )
        lambda_.DockerImageFunction(stack, f"Function-{name}", code=image.to_lambda_code())
        function = lambda_.DockerImageFunction(stack, f"Versioned-{name}", code=image.to_lambda_code())
        nested = cdk.NestedStack(stack, f"Nested-{name}")
        lambda_.DockerImageFunction(nested, "Function", code=image.to_lambda_code())
        cdk.CfnOutput(stack, f"Arn-{name}", value=function.function_arn)
    return app.synth()


def test_a_scrubbed_document_depends_on_no_content_and_keeps_every_asset(tmp_path: Path) -> None:
    one, two = files_of(tmp_path / "one", "1"), files_of(tmp_path / "two", "2")
    for name in ("App.template.json", "App.assets.json"):
        assert one[name] != two[name]
        assert scrub(one[name]) == scrub(two[name])
    template = json.dumps(scrub(one["App.template.json"]))
    assert all(word in template for word in ("HASH", "sha-HASH", '"Image1"', '"Image2"'))
    manifest = one["App.assets.json"]
    assert len(manifest["dockerImages"]) == 3
    assert list(scrub(manifest)["dockerImages"]) == ["HASH", "HASH 2", "HASH 3"]


def test_a_digest_pinned_by_hand_is_scrubbed_too() -> None:
    assert scrub({"Image": f"python@sha256:{'1' * 64}"}) == {"Image": "python@sha256:HASH"}


def test_other_text_stays() -> None:
    kept = {"sha-short": f"x{'0' * 64}", "digest": "0" * 63, "Images": ["Image", 1, None, True]}
    assert scrub(kept) == kept
