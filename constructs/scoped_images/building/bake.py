"""Runs `docker buildx bake`, several at a time if need be, and ends what still runs when its caller stops."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from scoped_images.building.bake_file import bake_file
from scoped_images.building.build_log import BuildLog
from scoped_images.building.docker import cannot_run, run_docker
from scoped_images.building.end import end
from scoped_images.building.plan import Target
from scoped_images.errors import ScopedImagesError


class Bake:
    """Runs bake with one docker, builder and environment.

    docker: the program, `docker` or what CDK_DOCKER names. builder: of buildx; None for docker's default.
    on_step: called with a target and the step that it starts, from any thread.
    """

    def __init__(
        self,
        *,
        docker: str,
        environment: Mapping[str, str],
        builder: str | None = None,
        on_step: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._docker = docker
        self._builder = builder
        self._on_step = on_step
        # The files to read are those of the asset manifests, wherever they are. Bake would ask on a terminal.
        self._environment = {**environment, "BUILDX_BAKE_ENTITLEMENTS_FS": "0"}
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, targets: Sequence[Target], *, push: Collection[str]) -> tuple[bool, BuildLog]:
        """Build targets and push those named in `push`. Returns whether all succeeded, and the log."""
        log = BuildLog([target.name for target in targets], on_step=self._on_step)
        with tempfile.TemporaryDirectory() as folder:
            # With the suffix bake knows that the file is JSON.
            file = Path(folder) / "bake.json"
            file.write_text(json.dumps(bake_file(targets, push=push)))
            process = self._start(self._command(file, targets))
            try:
                assert process.stderr is not None, "it is a pipe"
                for line in process.stderr:
                    log.add(line)
                return process.wait() == 0, log
            finally:
                end([process])
                with self._lock:
                    self._running.discard(process)

    def stop(self) -> None:
        """End every build that still runs. Nothing is half-pushed: BuildKit pushes an image's tag last."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        end(running)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise ScopedImagesError("build: stopped")
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=self._environment,
                    text=True,
                    errors="replace",
                    # For `end`: docker may be a script that starts it.
                    start_new_session=True,
                )
            except OSError as error:
                raise cannot_run(self._docker, error) from None
            self._running.add(process)
            return process

    def _command(self, file: Path, targets: Sequence[Target]) -> list[str]:
        # An attestation makes an index of the image, which Lambda refuses.
        fixed = ["--progress=rawjson", "--provenance=false", "--sbom=false"]
        allowed = (
            any(target.image.options.get("network") == "host" for target in targets)
            and self._asks_for_rights()
        )
        return [
            *(self._docker, "buildx", "bake", "--file", str(file), *fixed),
            *(["--allow=network.host"] if allowed else []),
            *(["--builder", self._builder] if self._builder else []),
        ]

    def _asks_for_rights(self) -> bool:
        """Whether this bake must be allowed to build on the host's network: older ones do not know the option."""
        shown = run_docker(self._docker, "buildx", "bake", "--help", environment=self._environment)
        return "--allow " in shown.stdout
