"""Each layout of the corpus in an image of its own, and one that needs a compiler, on a plain Python image."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, StandIn, docker, make_debian_tar
from tests.differential.corpus_layouts import EXTENSION, LAYOUTS
from tests.differential.test_corpus import (
    base_of,
    build,
    in_image,
    in_plain_environment,
    repository,
)

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[3]
PLAIN = "plain-python:3.13"


@pytest.fixture(scope="module")
def plain_image(engine: Engine) -> str:
    """Debian's Python with a compiler: an image that is not Lambda's."""
    packages = ("python3", "python3-pip", "python3-dev", "gcc", "libc6-dev", "ca-certificates")
    debian = StandIn(image=PLAIN, recipe=ROOT, suite="trixie", packages=packages, made_of="Debian")
    with tempfile.TemporaryDirectory() as folder:
        make_debian_tar(debian, Path(folder, "debian.tar"))
        Path(folder, "Dockerfile").write_text("FROM scratch\nADD debian.tar /\n")
        docker(engine, "build", f"--tag={PLAIN}", folder)
    return PLAIN


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_answers_as_after_pip_install(engine: Engine, tmp_path: Path, name: str) -> None:
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    root = repository(tmp_path / "repository", LAYOUTS)
    one = {name: LAYOUTS[name]}
    build(
        base_of(root, one, one), tmp_path / "build", engine, tag=f"corpus:{name}", image=LAMBDA_PYTHON.image
    )
    assert in_image(engine, f"corpus:{name}", one) == in_plain_environment(tmp_path, root, one)


def test_an_extension_is_compiled_on_a_plain_python_image(
    engine: Engine, tmp_path: Path, plain_image: str
) -> None:
    layouts = {"c-extension": EXTENSION, "setuptools-src": LAYOUTS["setuptools-src"]}
    root = repository(tmp_path / "repository", layouts)
    build(
        base_of(root, layouts, layouts), tmp_path / "build", engine, tag="corpus:extension", image=plain_image
    )
    found = in_image(engine, "corpus:extension", layouts)
    (extension,) = [file for file in found["c-extension"]["files"] if file.endswith(".so")]
    assert extension.startswith("fast/_fast.cpython-313-")
    assert found["setuptools-src"]["scripts"] == {"st-src": "st-src runs\n"}
