"""Stand-ins for public base images: what they are made of, and how one is built and kept."""

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
BOOTSTRAP_PROGRAM = (
    "mmdebstrap"  # against debootstrap: half the time and size, and apt verifies what it unpacks
)
NOT_UNPACKED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
# It names this machine's mirror, and the image has no apt to read it.
REMOVE_SOURCES = 'rm "$1/etc/apt/sources.list"'
LINES_SHOWN = 15


@dataclass(frozen=True)
class StandIn:
    """What is built where a public image cannot be pulled."""

    image: str  # the public name that Dockerfiles use
    recipe: Path  # folder of its Dockerfile, which adds debian.tar
    suite: str  # the Debian release that debian.tar is made of
    packages: tuple[str, ...]
    made_of: str  # for the user

    def fingerprint(self) -> str:
        """Twelve digits that change with the recipe, and with it the image."""
        digest = hashlib.sha256(json.dumps([self.suite, self.packages, NOT_UNPACKED]).encode())
        for file in sorted(path for path in self.recipe.iterdir() if path.is_file()):
            digest.update(json.dumps([file.name, file.read_bytes().hex()]).encode())
        return digest.hexdigest()[:12]

    def archive(self, folder: Path) -> Path:
        """Where the built image is kept."""
        return folder / f"{self.recipe.name}-{self.fingerprint()}.tar"


LAMBDA_PYTHON = StandIn(
    image="public.ecr.aws/lambda/python:3.13",
    recipe=RECIPES / "lambda_python",
    suite="trixie",
    # libstdc++6: the runtime interface client and many wheels are linked with it, and AWS's image has it.
    packages=("python3", "python3-venv", "ca-certificates", "libstdc++6"),
    made_of="Debian trixie and PyPI's awslambdaric",
)


def stand_in_for(image: str) -> StandIn:
    """What is built in place of a public image; LocalError for an image that has no stand-in."""
    if image != LAMBDA_PYTHON.image:
        raise LocalError(f"--image: no stand-in is known, got {image!r}; {LAMBDA_PYTHON.image} has one")
    return LAMBDA_PYTHON


def build(engine: Engine, stand_in: StandIn, *, state: Path, archives: Path) -> None:
    """Build the stand-in under its public name and keep it as an archive that `docker load` reads."""
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
            # Lambda takes single manifests only, and attestations make an index.
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
    """A root file system of Debian packages, without what only people read."""
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
    """The standard output of the engine's docker; LocalError with the end of what it said when it fails."""
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
