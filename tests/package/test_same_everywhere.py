"""Two installations, two folders and two umasks give one cloud assembly."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from pathlib import Path

from tests.package.installation import copy_repository, run_python, umask, unpack_wheel

# Where jsii unpacked CDK for one process; CDK's own stack traces in *.metadata.json name it.
JSII_FOLDER = re.compile(rb"/[^ \"(]*?/(jsii-kernel-\w+|tmp\w+(?=/lib/program\.js))")


def listing(assembly: Path) -> dict[str, tuple[str, str]]:
    """Mode and content of every file of the assembly, by path.

    Without the modes of CDK's own documents, which nothing reads, and of folders, which the CLI does not pack.
    """
    found = {}
    for path in sorted(assembly.rglob("*")):
        if path.is_symlink():
            content = path.readlink().as_posix()
        elif path.is_file():
            content = hashlib.sha256(JSII_FOLDER.sub(b"", path.read_bytes())).hexdigest()
        else:
            continue
        mode = stat.filemode(path.lstat().st_mode) if path.parent != assembly else ""
        found[path.relative_to(assembly).as_posix()] = (mode, content)
    return found


def synthesize(folder: Path, wheel: Path, *, mask: int, used: bool) -> dict[str, tuple[str, str]]:
    """Install, check out and synthesize below `folder`.

    used: leave behind what pip, Python and editors leave in a tree where somebody works.
    """
    with umask(mask):
        site_packages = unpack_wheel(wheel, folder / "site-packages")
        repository = copy_repository(folder / "repository")
        if used:
            built = [repository / name for name in ("packages", "lambdas", "services")]
            done = run_python(
                ["-m", "compileall", "-q", str(site_packages), *map(str, built)],
                folder=folder,
                site_packages=site_packages,
                variables={"PYTHONPYCACHEPREFIX": ""},  # beside the sources, as Python does by default
            )
            assert done.returncode == 0, done.stdout
            assert list(repository.glob("lambdas/*/__pycache__/handler.*.pyc"))
            for source in repository.glob("packages/*/src"):
                (source / "receipt.egg-info").mkdir()
                (source / "receipt.egg-info" / "PKG-INFO").write_text("Name: receipt\n")
    context = json.loads((repository / "cdk.json").read_text())["context"]
    done = run_python(
        ["app.py"],
        folder=repository,
        site_packages=site_packages,
        mask=mask,
        variables={
            "CDK_OUTDIR": "cdk.out",
            "CDK_CONTEXT_JSON": json.dumps({**context, "env": "prod"}),
        },
    )
    assert done.returncode == 0, done.stderr
    return listing(repository / "cdk.out")


def test_every_machine_writes_the_same_cloud_assembly(tmp_path: Path, wheel: Path) -> None:
    clean = synthesize(tmp_path / "ci", wheel, mask=0o022, used=False)
    laptop = synthesize(tmp_path / "home" / "somebody" / "work", wheel, mask=0o077, used=True)
    assert any(name.endswith("index.py") for name in clean), "the library's own functions are in the assembly"
    different = {name for name in clean.keys() | laptop.keys() if clean.get(name) != laptop.get(name)}
    assert {name: (clean.get(name), laptop.get(name)) for name in different} == {}
