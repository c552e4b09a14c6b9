"""Named build contexts that the builder fetches itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoped_images import Platform, ScopedContext
from scoped_images.context.external import ExternalContext, is_address
from tests.refusals import refused

DIGEST = f"sha256:{'a' * 64}"
COMMIT = "b" * 40
GIT = "https://git.example/tools.git"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY --from=tools /a /a\n")
    return tmp_path


def context_of(root: Path, address: str) -> ScopedContext:
    return ScopedContext.from_dockerfile(
        root, platform=Platform.LINUX_AMD64, build_contexts={"tools": address}
    )


@pytest.mark.parametrize(
    "place", ["docker-image://alpine:3", f"oci-layout://layout@{DIGEST}", GIT, "git@git.example:a/b.git"]
)
def test_an_address_is_not_a_folder(place: str) -> None:
    assert is_address(place)


@pytest.mark.parametrize("place", ["shared", "../shared", "/shared", Path("shared"), "docker-image:x"])
def test_a_folder_is_not_an_address(place: object) -> None:
    assert not is_address(place)


def test_the_fingerprint_covers_the_address(root: Path) -> None:
    addresses = [f"docker-image://a@{DIGEST}", f"docker-image://b@{DIGEST}", f"{GIT}#{COMMIT}"]
    contexts = [context_of(root, address) for address in addresses]
    assert len({context.fingerprint for context in contexts}) == 3
    assert [context.warnings for context in contexts] == [(), (), ()]


def test_where_a_machine_keeps_an_oci_layout_does_not_change_the_fingerprint(root: Path) -> None:
    one, other = (context_of(root, f"oci-layout://{folder}@{DIGEST}") for folder in ("/a", "b/c"))
    assert one.fingerprint == other.fingerprint


def test_an_oci_layout_is_found_from_the_folder_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    context = ExternalContext(name="tools", address=f"oci-layout://layout@{DIGEST}")
    assert context.relative_to(tmp_path / "cdk.out" / "folder") == f"oci-layout://../../layout@{DIGEST}"


@pytest.mark.parametrize(
    ("address", "warning"),
    [
        (
            "docker-image://alpine:3",
            "build_contexts['tools']: docker-image://alpine:3 may change, and the image's tag does not change with it; "
            "append @sha256:<digest>",
        ),
        (
            f"{GIT}#main",
            f"build_contexts['tools']: {GIT}#main may change, and the image's tag does not change with it; "
            "append #<commit>",
        ),
    ],
)
def test_an_address_that_may_change_gives_a_warning(root: Path, address: str, warning: str) -> None:
    assert context_of(root, address).warnings == (warning,)


def test_an_oci_layout_needs_a_digest(root: Path) -> None:
    with refused(
        "build_contexts['tools']: an OCI layout needs a digest, got 'oci-layout://layout:1'; append "
        "@sha256:<digest of its image>"
    ):
        context_of(root, "oci-layout://layout:1")
