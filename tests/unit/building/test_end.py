"""What is left of a program that is ended, with real processes."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from pathlib import Path

import pytest

from scoped_images.building.bake import Bake
from scoped_images.building.end import end
from tests.refusals import refused

# A script that starts a program and waits for it, as the one that CDK_DOCKER names may be. The program holds stderr.
WRAPPER = "#!/bin/sh\necho started >&2\nsleep 60\necho ended >&2\n"


@pytest.mark.parametrize("trap", ["", "trap '' TERM\n"], ids=["ends on SIGTERM", "ignores SIGTERM"])
def test_what_a_script_has_started_ends_with_it(trap: str) -> None:
    process = subprocess.Popen(
        ["sh", "-c", f"{trap}{WRAPPER}"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.readline() == "started\n"
        end([process], seconds=0.5 if trap else 10)
        # The end of the file comes when the last writer has ended; a writer that is left writes nothing for a minute.
        assert select.select([process.stderr], [], [], 20)[0] == [process.stderr]
        assert os.read(process.stderr.fileno(), 9) == b""


def test_a_process_of_the_caller_s_own_group_ends_and_the_caller_does_not() -> None:
    process = subprocess.Popen(["sleep", "60"], text=True)
    end([process])
    assert process.returncode == -15


def test_a_process_that_has_ended_keeps_its_exit_code() -> None:
    process = subprocess.Popen(["sh", "-c", "exit 3"], text=True, start_new_session=True)
    process.wait()
    end([process])
    assert process.returncode == 3


def test_a_stopped_bake_does_not_wait_for_what_a_script_has_started(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    os.mkfifo(tmp_path / "started")
    docker.write_text(WRAPPER.replace("started >&2", f"> {tmp_path}/started"))
    docker.chmod(0o755)
    bake = Bake(docker=str(docker), environment=os.environ)
    thread = threading.Thread(target=bake.run, args=([],), kwargs={"push": ()}, daemon=True)
    thread.start()
    (tmp_path / "started").read_text()
    bake.stop()
    thread.join(20)
    assert not thread.is_alive()
    with refused("build: stopped"):
        bake.run([], push=())
