"""Runs a real registry on loopback: Debian's docker-registry."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.free_port import free_port
from tests.local.debian_programs import debian_programs


@contextmanager
def debian_registry(work: Path) -> Iterator[str]:
    """Run the registry with its data below `work`, and yield its host and port."""
    address = f"127.0.0.1:{free_port()}"
    configuration = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(work / "data")}},
        "http": {"addr": address},
    }
    (work / "config.yml").write_text(json.dumps(configuration))
    server = subprocess.Popen(
        [debian_programs() / "usr/bin/docker-registry", "serve", work / "config.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"http://{address}/v2/", timeout=2):
                break
        except OSError:
            time.sleep(0.05)
    yield address
    server.terminate()
    server.wait()
