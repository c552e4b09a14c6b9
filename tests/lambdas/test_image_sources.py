"""What the images are built from: locks that agree with each other, and Dockerfiles that drop root."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("packages/receipt_dynamo", "packages/receipt_label", "services/receipt_api")
LOCKS = {folder: ROOT / folder / "requirements.lock" for folder in FOLDERS}
DOCKERFILES = sorted((ROOT / "dockerfiles").glob("*.Dockerfile"))


def pins(path: Path) -> dict[str, str]:
    """Package and version of each line of a lock or of a requirements.in."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", path.read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_its_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9-]+==)", LOCKS[name].read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(LOCKS[name])) > 0
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_what_its_requirements_ask_for(name: str) -> None:
    asked = pins(LOCKS[name].with_name("requirements.in"))
    assert asked
    assert asked.items() <= pins(LOCKS[name]).items()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index(name: str) -> None:
    """Where packages come from is the machine's own configuration, which a build takes as a secret."""
    assert re.findall(r"https?://\S+|^--?(?!hash)\S+", LOCKS[name].read_text(), flags=re.MULTILINE) == []


@pytest.mark.parametrize("name", ["packages/receipt_label", "services/receipt_api"])
def test_no_lock_brings_a_package_that_its_base_has_already(name: str) -> None:
    """pip leaves what lies in the target folder as it is: another version would silently not be installed."""
    assert pins(LOCKS[name]).keys() & pins(LOCKS["packages/receipt_dynamo"]).keys() == set()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_what_runs_is_not_root_and_what_others_build_on_still_is(dockerfile: Path) -> None:
    is_base = dockerfile.stem.startswith("base_")
    assert ("\nUSER 1000\n" not in dockerfile.read_text()) is is_base
