"""Derived bases, built by BuildKit: a change of source installs nothing anew, and each base brings what is below it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, docker
from scoped_images.bases.graph import BaseGraph
from tests.unit.workspace.repository import packages, write

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
# label → core and side; label requires price-parser, attrs and docopt, with hashes; core and side nothing.
NEEDS = {"api": ["label"], "label": ["core", "side"], "core": ["lowest"], "side": ["lowest"], "lowest": []}
# Its index has no wheel of it.
SDIST_ONLY = "docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n"


class Bases:
    """A workspace, and the images that its bases become."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root, self.engine = root, engine
        self.builds = 0

    def build(self, *options: str) -> None:
        """Build every base in order, as `<name>:derived`."""
        for declaration in BaseGraph.from_workspace(self.root / "repository").order():
            context = declaration.context
            assert not callable(context)
            self.builds += 1
            staged = self.root / f"staged-{self.builds}"
            context.write(staged)
            source = context.named["source"].write_into(self.root)
            below = f"{declaration.base}:derived" if declaration.base else LAMBDA_PYTHON.image
            further = [
                f"--build-context={name}=docker-image://{base}:derived"
                for name, base in declaration.named_bases.items()
            ]
            docker(
                self.engine,
                "build",
                "--network=host",
                f"--tag={declaration.name}:derived",
                f"--build-arg=BASE_IMAGE_URI={below}",
                f"--build-context=source={source}",
                *further,
                *pip_secrets(self.root),
                *(option.format(name=declaration.name) for option in options),
                str(staged),
                seconds=300,
            )

    def layers(self, name: str) -> list[str]:
        """The digests of an image's layers, the lowest first."""
        shown = docker(
            self.engine, "image", "inspect", "--format", "{{json .RootFS.Layers}}", f"{name}:derived"
        )
        layers: list[str] = json.loads(shown)
        return layers

    def write(self, files: Mapping[str, str]) -> None:
        write(self.root / "repository", files)

    def run(self, name: str, code: str) -> str:
        """What a Python program prints in an image."""
        command = ("run", "--rm", "--network=none", "--entrypoint=python", f"{name}:derived", "-c", code)
        return docker(self.engine, *command).strip()


@pytest.fixture(scope="module")
def bases(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Bases:
    """The bases, built once."""
    ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)
    root = tmp_path_factory.mktemp("derived")
    made = Bases(root, engine)
    packages(root / "repository", NEEDS)
    for name in ("core", "side", "lowest"):
        made.write({f"packages/{name}/src/{name}/__init__.py": f"NAME = '{name}'\n"})
    for name in ("core", "side", "lowest", "label"):
        made.write({f"packages/{name}/src/acme/{name}.py": ""})
    label = root / "repository/packages/label"
    shutil.copy2(ROOT / "packages/receipt_label/requirements.lock", label)
    with (label / "requirements.lock").open("a") as lock:
        lock.write(SDIST_ONLY)
    pyproject = label / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("'core'", "'core', 'price-parser', 'docopt'"))
    made.build("--cache-to=type=local,mode=max,dest=" + str(root / "cache-{name}"))
    return made


IMPORTS = """
import label, core, side, lowest, price_parser, docopt
import acme.label, acme.core, acme.side, acme.lowest
print(core.NAME, side.NAME, lowest.NAME, *sorted(name for name in vars(acme) if name[0] != "_"))
"""


def test_a_base_brings_what_is_below_it_beside_its_requirements_and_its_own_source(bases: Bases) -> None:
    """A namespace in several bases is whole."""
    assert bases.run("label", IMPORTS) == "core side lowest core label lowest side"


def test_a_change_of_source_leaves_the_requirements_as_they_were(bases: Bases) -> None:
    """With a builder that knows nothing, and the cache that the first build exported."""
    before = bases.layers("label")
    bases.write({"packages/label/src/label/__init__.py": "NAME = 'changed'\n"})
    if bases.engine.private:
        docker(bases.engine, "builder", "prune", "--all", "--force")
    bases.build("--cache-from=type=local,src=" + str(bases.root / "cache-{name}"))
    assert bases.run("label", "import label; print(label.NAME)") == "changed"
    after = bases.layers("label")
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]
