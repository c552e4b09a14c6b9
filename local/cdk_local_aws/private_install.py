"""Installs the programs of the private engine into one folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cdk_local_aws.client_config import write_client_config
from cdk_local_aws.debian_packages import (
    DebianSuite,
    install_missing,
    machine_mirror,
    run,
    system_path,
    unpack,
)
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_engine import PrivateEngine, start, stop_engine
from cdk_local_aws.private_files import locked

# They need only libc6 >= 2.34 and libsystemd0 of the machine, which Debian 12 has.
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd")
SUITES = ("sid", "trixie")  # sid has the versions that users have, but not always a consistent set
RUN_TIME_PACKAGES = {"runc": "runc"}  # by their program
PLUGINS = "usr/libexec/docker/cli-plugins"
RECORD = "versions.json"


def missing_packages(programs: Mapping[str, str] = RUN_TIME_PACKAGES) -> list[str]:
    """Return the packages whose program this machine lacks."""
    return [package for program, package in programs.items() if not shutil.which(program, path=system_path())]


def ensure_installed(installed: Path, say: Callable[[str], None], *, suites: Sequence[str] = SUITES) -> Path:
    """Install the engine unless the folder has it, and return the folder of its programs."""
    programs = installed / "root"
    with locked(installed):
        missing = missing_packages()
        if not programs.exists():
            say(
                f"installing a private container engine into {installed} (about 270 MB, 70 MB to download): "
                f"Debian's {', '.join(PACKAGES)} are unpacked there, no package of the system is replaced"
            )
        if missing:
            say(f"installing {', '.join(missing)} with apt: the engine runs containers with it")
            install_missing(missing)
        if not programs.exists():
            _install(installed, programs, suites, say)
    return programs


def _install(installed: Path, programs: Path, suites: Sequence[str], say: Callable[[str], None]) -> None:
    mirror = machine_mirror()
    reasons = []
    for suite in suites:
        # The folder gets its name once the engine works. An interrupted run leaves only these.
        for leftover in installed.glob("unpacking-*"):
            shutil.rmtree(leftover)
        work = Path(tempfile.mkdtemp(prefix="unpacking-", dir=installed))
        try:
            _unpack_and_test(DebianSuite(name=suite, mirror=mirror, work=work / "apt"), work)
        except LocalError as error:
            reasons.append(f"{suite}: {error}")
            say(f"the engine of Debian {suite} cannot be used: {error}")
            continue
        else:
            (work / "root").rename(programs)
            versions = json.loads((programs / RECORD).read_text())
            say(f"installed Docker {versions['docker.io']} of Debian {suite}")
            return
        finally:
            shutil.rmtree(work)
    raise LocalError(
        "no private container engine could be set up. Install Docker with the containerd image store yourself, "
        "or fix what failed:\n" + "\n".join(reasons)
    )


def _unpack_and_test(suite: DebianSuite, work: Path) -> None:
    root = work / "root"
    versions = unpack(suite.download(PACKAGES), root)
    (root / RECORD).write_text(json.dumps({"suite": suite.name, **versions}, indent=2))
    engine = PrivateEngine(installed=root, state=work / "state")
    try:
        start(engine)
        _self_test(engine, work)
    finally:
        stop_engine(engine.state)


def _self_test(engine: PrivateEngine, work: Path) -> None:
    """Build an image and export its cache; raise LocalError if the engine cannot."""
    context = work / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    client = write_client_config(work / "client", plugin_folders=[engine.installed / PLUGINS])
    environment = {"DOCKER_HOST": engine.host, "DOCKER_CONFIG": str(client), "PATH": engine.search_path()}
    built = subprocess.run(
        [engine.docker, "build", "--tag=self-test", f"--cache-to=type=local,dest={work}/cache", context],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        raise LocalError("its self-test failed:\n  " + "\n  ".join(built.stderr.splitlines()[-10:]))
    run([str(engine.docker), "--host", engine.host, "image", "inspect", "self-test"])
