"""`COPY --parents` copies from the scoped context what it copies from the full one.

`make parents` runs this. CI does not: building the frontend takes minutes of CPU on a fresh machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cdk_local_aws.engine import Engine
from tests.differential.case import check
from tests.differential.named_cases import case
from tests.differential.nightly.parents_frontend import build_frontend

pytestmark = pytest.mark.engine

IMAGE = "scoped-images.test/dockerfile-frontend:parents"


@pytest.fixture(scope="module")
def frontend(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the image of a frontend that knows the flag, and return its name."""
    folder = tmp_path_factory.mktemp("frontend")
    shutil.copy(build_frontend(Path(__file__).parents[3] / ".local/parents-frontend"), folder / "frontend")
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY frontend /\nLABEL moby.buildkit.frontend.network.none="true"\nENTRYPOINT ["/frontend"]\n'
    )
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, folder], check=True, env=os.environ)
    return IMAGE


# (sentence, what there is, Dockerfile lines, whether it builds)
PARENTS = [
    ("a file", ["a/b/c", "a/d"], "COPY --parents a/b/c /x/", True),
    ("a folder", ["a/b/c", "a/d"], "COPY --parents a/b /x/", True),
    ("any depth", ["a/b.py", "c/d/e.py", "f.md"], "COPY --parents **/*.py /x/", True),
    ("a pivot", ["a/b/c", "a/d/c", "a/d/e"], "COPY --parents a/./*/c /x/", True),
    ("a wildcard before the pivot", ["a1/b/c", "a2/b/d"], "COPY --parents a*/./b/c /x/", True),
    ("an exclude", ["a/b.md", "a/b.py"], "COPY --parents --exclude=**/*.md a /x/", True),
    ("an alternative", ["a/xb", "c/d"], "COPY --parents a|d* /x/", True),
    ("a repetition", ["aa/f", "a/f"], "COPY --parents a{2}*/f /x/", True),
    ("one of two is missing", ["a/package.json"], "COPY --parents a/package.json a/yarn.lock /x/", True),
    ("a wildcard without a match", ["a/b"], "COPY --parents a/b a/*.lock /x/", True),
    ("an exclude leaves nothing", ["a/b"], "COPY --parents --exclude=b a/./b /x/", True),
    ("a link at the root's top", ["l -> d/f", "d/f", "d/g"], "COPY --parents l* /x/", True),
    ("nothing at the pivot", ["a/b", "c"], "COPY --parents a/./gone /x/\nCOPY c /y/", False),
    ("a dangling link at the root's top", ["l -> gone", "e"], "COPY --parents * /x/", False),
]


@pytest.mark.parametrize(("there", "lines", "builds"), [p[1:] for p in PARENTS], ids=[p[0] for p in PARENTS])
def test_parents_copy_the_same(frontend: str, there: list[str], lines: str, builds: bool) -> None:
    outcome = check(replace(case(there, lines), build_args={"BUILDKIT_SYNTAX": frontend}))
    assert (outcome.full.files is not None) is builds, outcome.full.error[-400:]
