"""What a look-up of every image changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoped_images import ScopedImagesError
from scoped_images.command_line.bases.dockerfiles import find_dockerfiles, images_of
from scoped_images.upstream.lock import ImagesLock
from scoped_images.upstream.lock_update import changes, look_up

DIGESTS = st.sampled_from([f"sha256:{digit * 64}" for digit in "012"])
LOCKS = st.dictionaries(st.sampled_from(["a:1", "b:1", "c:1", "d:1"]), DIGESTS).map(
    lambda x: ImagesLock(images=x)
)


@given(old=LOCKS, new=LOCKS)
def test_the_sorted_changes_lead_from_one_lock_to_the_other(old: ImagesLock, new: ImagesLock) -> None:
    images, found = dict(old.images), changes(old, new)
    assert [change.image for change in found] == sorted(change.image for change in found)
    for change in found:
        assert images.pop(change.image, None) == change.old != change.new
        if change.new:
            images[change.image] = change.new
    assert images == new.images


def test_one_error_names_every_failure() -> None:
    def digest(image: str) -> str:
        if image == "b:1":
            return f"sha256:{'0' * 64}"
        raise ScopedImagesError(f"no {image}")

    with pytest.raises(ScopedImagesError, match=r"^no a:1; no c:1; the lock file is unchanged$"):
        look_up(["c:1", "b:1", "a:1"], digest)


def test_dockerfiles_are_found_but_not_copies_of_them(tmp_path: Path) -> None:
    for name in (
        *("Dockerfile", "dockerfiles/api.Dockerfile", "services/api/Dockerfile"),
        *(
            "cdk.out/asset.1/Dockerfile",
            "o3/cdk.out",
            "o3/manifest.json",
            "o3/scoped-context-1/Dockerfile",
            ".venv/x/Dockerfile",
            "node_modules/x/Dockerfile",
        ),
        *("Dockerfile.dockerignore", "docs/Dockerfile.md"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_dockerfiles(tmp_path)]
    assert found == ["Dockerfile", "dockerfiles/api.Dockerfile", "services/api/Dockerfile"]


def test_the_library_s_own_dockerfile_is_none_of_the_repository() -> None:
    found = find_dockerfiles(Path(__file__).parents[3])
    assert [path.name for path in found if "scoped_images" in path.parts] == []


def test_images_that_name_their_digest_need_no_entry(tmp_path: Path) -> None:
    first, second = tmp_path / "Dockerfile", tmp_path / "b.Dockerfile"
    first.write_text(f"FROM a:1@sha256:{'0' * 64} AS x\nFROM b:1\nCOPY --from=c:1 / /")
    second.write_text("FROM b:1")
    assert images_of([first, second]).images == ("b:1", "c:1")
