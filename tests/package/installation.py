"""Copies of the repository, and installations of the wheel, as two machines would have them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bare_environment import bare_environment

ROOT = Path(__file__).parents[2]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Files that are made inside the block have the modes of a user with this umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def copy_repository(target: Path) -> Path:
    """Copy the tracked files as a checkout writes them: with the modes that the umask leaves."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, target / name
        if not source.exists():
            continue  # deleted, and not committed yet
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
        if source.stat().st_mode & stat.S_IXUSR:
            copy.chmod(copy.stat().st_mode | (copy.stat().st_mode & 0o444) >> 2)
    return target


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the repository with the locked build backend, without a network."""
    with umask(0o022):
        source = copy_repository(folder / "source")
    # fmt: off
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
               "--disable-pip-version-check", "--wheel-dir", str(folder), str(source)]
    # fmt: on
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("cdk_scoped_images-*.whl")
    return wheel


def install_wheel(wheel: Path, folder: Path) -> Path:
    """Make a virtual environment with the wheel, installed by pip, and its dependencies at their locked versions.

    The dependencies are this environment's, found through a .pth file. Python reads no .pth file of a folder that
    it found so, which is why the working tree's own copy of the library is out of reach.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    # fmt: off
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index",
               "--disable-pip-version-check", str(wheel)]
    # fmt: on
    subprocess.run(command, check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = folder / "lib" / version / "site-packages"
    (site_packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder


def unpack_wheel(wheel: Path, site_packages: Path) -> Path:
    """Put a pure wheel's files where Python imports them from, which is all that an installer does with them."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
    return site_packages


def run_python(
    arguments: list[str],
    *,
    folder: Path,
    site_packages: Path,
    mask: int = 0o022,
    variables: Mapping[str, str] = {},
) -> subprocess.CompletedProcess[str]:
    """Run Python in `folder` with the library of `site_packages` and the locked packages of this environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        # PYTHONPATH comes before this environment's own packages, where the library is installed from the tree.
        env=bare_environment(
            PYTHONPATH=str(site_packages), PYTHONDONTWRITEBYTECODE="1", CDK_VALIDATION="false", **variables
        ),
        umask=mask,
        capture_output=True,
        text=True,
        check=False,
    )
