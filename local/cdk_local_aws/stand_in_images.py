"""Builds stand-ins for public base images, and keeps them as archives."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.debian_packages import KEYRING, install_missing, machine_mirror, run
from cdk_local_aws.engine import Engine
from cdk_local_aws.errors import LocalError

RECIPES = Path(__file__).with_name("stand_ins")
LABEL = "org.cdk-local-aws.stand-in"
RECIPE_LABEL = "org.cdk-local-aws.stand-in.recipe"
BOOTSTRAP_PROGRAM = "mmdebstrap"  # takes half of debootstrap's time, and apt verifies the packages
NOT_UNPACKED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
# The file names this machine's mirror, and the image has no apt.
REMOVE_SOURCES = 'rm "$1/etc/apt/sources.list"'
LINES_SHOWN = 15


@dataclass(frozen=True)
class StandIn:
    """The recipe of an image that takes the place of a public one."""

    image: str  # the public name that Dockerfiles use
    recipe: Path  # folder with its Dockerfile, which adds debian.tar
    suite: str  # the Debian release of debian.tar
    packages: tuple[str, ...]
    made_of: str  # for the user

    def fingerprint(self) -> str:
        """Return twelve hexadecimal digits that change with the recipe."""
        digest = hashlib.sha256(json.dumps([self.suite, self.packages, NOT_UNPACKED]).encode())
        for file in sorted(path for path in self.recipe.iterdir() if path.is_file()):
            digest.update(json.dumps([file.name, file.read_bytes().hex()]).encode())
        return digest.hexdigest()[:12]

    def archive(self, folder: Path) -> Path:
        """Return the path of the built image's archive."""
        return folder / f"{self.recipe.name}-{self.fingerprint()}.tar"


LAMBDA_PYTHON = StandIn(
    image="public.ecr.aws/lambda/python:3.13",
    recipe=RECIPES / "lambda_python",
    suite="trixie",
    # The runtime interface client and many wheels need libstdc++6, which AWS's image has.
    packages=("python3", "python3-venv", "ca-certificates", "libstdc++6"),
    made_of="Debian trixie and PyPI's awslambdaric",
)


def stand_in_for(image: str) -> StandIn:
    """Return the stand-in for a public image; raise LocalError if it has none."""
    if image != LAMBDA_PYTHON.image:
        raise LocalError(f"--image: it has no stand-in, got {image!r}; use {LAMBDA_PYTHON.image}")
    return LAMBDA_PYTHON


def build(engine: Engine, stand_in: StandIn, *, state: Path, archives: Path) -> None:
    """Build the stand-in with its public name, and save it for `docker load`."""
    if shutil.which(BOOTSTRAP_PROGRAM) is None:
        install_missing([BOOTSTRAP_PROGRAM])
    for interrupted in archives.glob("building-*"):
        shutil.rmtree(interrupted)
    with tempfile.TemporaryDirectory(prefix="building-", dir=archives) as folder:
        context = Path(folder, "context")
        shutil.copytree(stand_in.recipe, context, ignore=shutil.ignore_patterns("__pycache__"))
        make_debian_tar(stand_in, context / "debian.tar")
        labels = {LABEL: "true", RECIPE_LABEL: stand_in.fingerprint()}
        docker(
            engine,
            "build",
            # Lambda accepts only single manifests, and attestations make an index.
            *("--provenance=false", "--network=host", f"--tag={stand_in.image}"),
            *(f"--label={name}={value}" for name, value in labels.items()),
            *pip_secrets(state),
            str(context),
        )
        kept = Path(folder, "image.tar")
        docker(engine, "save", "--output", str(kept), stand_in.image)
        for older in archives.glob(f"{stand_in.recipe.name}-*.tar"):
            older.unlink()
        kept.rename(stand_in.archive(archives))


def make_debian_tar(stand_in: StandIn, tar: Path) -> None:
    """Make a root file system of Debian packages, without documentation."""
    run(
        [
            BOOTSTRAP_PROGRAM,
            "--quiet",
            "--variant=essential",
            f"--include={','.join(stand_in.packages)}",
            f"--keyring={KEYRING}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_UNPACKED),
            f"--customize-hook={REMOVE_SOURCES}",
            stand_in.suite,
            str(tar),
            machine_mirror(),
        ]
    )


def docker(engine: Engine, *arguments: str, seconds: float | None = None) -> str:
    """Run the engine's docker and return its output; raise LocalError with the end of its errors if it fails."""
    try:
        done = subprocess.run(
            [engine.docker, *arguments],
            env={**os.environ, **engine.environment()},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as problem:
        raise LocalError(f"`docker {arguments[0]}` took more than {seconds:.0f} seconds") from problem
    if done.returncode != 0:
        said = "\n  ".join(done.stderr.strip().splitlines()[-LINES_SHOWN:])
        raise LocalError(f"`docker {arguments[0]}` failed:\n  {said}")
    return done.stdout
