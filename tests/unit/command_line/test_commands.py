"""`scoped-images context`, as a terminal, a pipe and a script see it."""

from __future__ import annotations

import hashlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform
from tests.unit.command_line.program import PROGRAM, Command


def test_json_holds_each_file_with_the_lines_that_ask_for_it(root: Path, command: Command) -> None:
    content = command.listed()
    assert list(content) == ["fingerprint", "bytes", "files", "warnings"]
    files = {file.pop("path"): file for file in content["files"]}
    assert list(files) == ["config", "config/plain", "run.sh", "src", "src/a.py", "src/link"]
    no_file = {"bytes": 0, "sha256": None, "link": None}
    digest = hashlib.sha256(b"src/a.py\n").hexdigest()
    assert files["src/a.py"] == {
        **{"bytes": 9, "mode": "0644", "sha256": digest, "kind": "file", "link": None, "sources": [5, 6]}
    }
    assert files["src"] == {**no_file, "mode": "0755", "kind": "directory", "sources": [5, 6]}
    assert files["src/link"] == {**no_file, "mode": "0777", "kind": "link", "link": "a.py", "sources": [5]}
    assert files["run.sh"]["mode"] == "0755"
    assert content["bytes"] == sum(file["bytes"] for file in files.values()) == 29
    assert content["warnings"] == []


def test_every_option_reaches_the_context_and_its_image(root: Path, command: Command) -> None:
    (root / "api.Dockerfile").write_text(
        "FROM scratch AS a\nARG KIND\nCOPY config/$KIND /\nCOPY --from=s . /\nFROM a\n"
    )
    (root.parent / "shared").mkdir()
    (root.parent / "shared" / "file").touch()
    content = command.listed(
        *(
            "--file",
            "api.Dockerfile",
            "--target",
            "a",
            "--build-arg",
            "KIND=rich",
            "--platform",
            "linux/arm64",
        ),
        *("--build-context", "s=shared", "--include", "run*"),
    )
    context = ScopedContext.from_dockerfile(
        root,
        "api.Dockerfile",
        platform=Platform.LINUX_ARM64,
        target="a",
        build_args={"KIND": "rich"},
        build_contexts={"s": root.parent / "shared"},
        include=["run*"],
    )
    spec = ImageSpec(context=context, platform=Platform.LINUX_ARM64)
    assert content["fingerprint"] == f"sha256:{spec.fingerprint}"
    # What is included has line 0.
    sources = {file["path"]: file["sources"] for file in content["files"]}
    assert sources == {"config": [3], "config/rich": [3], "run.sh": [0]}


def test_linux_amd64_is_the_default_on_every_machine(root: Path, command: Command) -> None:
    plain, amd, arm = (
        command.listed(*more)["fingerprint"]
        for more in ((), ("--platform", "linux/amd64"), ("--platform", "linux/arm64"))
    )
    assert plain == amd != arm


@pytest.mark.parametrize("file", ["Dockerfile", "repository/Dockerfile", "{root}/Dockerfile"])
def test_the_dockerfile_is_found_from_the_root_and_from_here(file: str, root: Path, command: Command) -> None:
    done = command("context", "repository", "--file", file.format(root=root))
    assert done.out.splitlines()[1] == "config/                 0755  Dockerfile:6", done.err


def test_the_root_is_the_current_folder_by_default(
    root: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = command("context", "repository").out
    monkeypatch.chdir(root)
    assert command("context").out == given
    assert command("why", "--path", "Dockerfile").code == 0


def test_a_pipe_gets_a_plain_table_that_no_width_cuts(root: Path, command: Command) -> None:
    long = "n" * 200
    (root / "src" / long).write_text("")
    done = command("context", "repository")
    lines = done.out.splitlines()
    assert lines[0].split() == ["Path", "Size", "Mode", "Asked", "for", "by"]
    assert [" ".join(line.split()) for line in lines[1:-1]] == [
        "config/ 0755 Dockerfile:6",
        "config/plain 13 B 0644 Dockerfile:6",
        "run.sh 7 B 0755 Dockerfile:6",
        "src/ 0755 Dockerfile:5, 6",
        "src/a.py 9 B 0644 Dockerfile:5, 6",
        "src/link -> a.py 0777 Dockerfile:5",
        f"src/{long} 0 B 0644 Dockerfile:5",
    ]
    assert lines[-1].startswith("4 files, 2 folders, 1 link; 29 B; sha256:")
    assert done.err == ""


def test_a_terminal_gets_the_same_rows_and_a_sign_of_progress(root: Path) -> None:
    (root / "src" / "[bold]").write_text("")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [PROGRAM, "context", "repository"], stdout=follower, stderr=follower, env=environment
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while block := os.read(leader, 65536):
                shown += block
        except OSError:
            pass  # the other end is closed
        assert process.wait() == 0
    os.close(leader)
    assert b"Reading repository" in shown
    assert b"src/[bold]" in shown
    assert b"Dockerfile:5, 6" in shown


def test_warnings_go_to_stderr_or_into_the_json(root: Path, command: Command) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    printed = command("context", "repository").err
    assert printed.startswith("warning: Dockerfile:2: takes the whole context; its largest parts: ")
    assert [f"warning: {text}\n" for text in command.listed()["warnings"]] == [printed]


def test_output_writes_the_context_and_says_how_to_build_it(root: Path, command: Command) -> None:
    out = root.parent / "new" / "out"
    arguments = ("--target", "test", "--build-arg", "KIND=a b", "--platform", "linux/arm64")
    done = command("context", "repository", *arguments, "--output", "new/out")
    there = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    assert there == ["Dockerfile", "Dockerfile.dockerignore", "tests", "tests/test_a.py"]
    assert done.out.splitlines()[-1] == (
        "Written; build it with: docker build --target test --platform linux/arm64 "
        f"--build-arg 'KIND=a b' {out}"
    )


def test_output_names_the_dockerfile_that_could_not_be_called_so(root: Path, command: Command) -> None:
    (root / "api.Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    out = root.parent / "out"
    out.mkdir()
    done = command("context", "repository", "--file", "api.Dockerfile", "--output", "out")
    assert done.out.splitlines()[-1] == (
        f"Written; build it with: docker build --file {out}/Dockerfile.scoped-images --platform linux/amd64 {out}"
    )


def test_the_command_line_starts_without_cdk_and_boto3(root: Path) -> None:
    """CDK starts a Node process, which takes longer than all the rest; boto3 takes half a second."""
    program = (
        "import sys; from scoped_images.command_line import main; code = main(sys.argv[1:]); "
        "sys.exit(code or [name for name in ('aws_cdk', 'jsii', 'boto3') if name in sys.modules] or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "context", "repository"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "run.sh" in done.stdout


def test_a_reader_that_goes_away_causes_no_traceback(root: Path) -> None:
    for number in range(1000):
        (root / "src" / f"{number:0100}").touch()
    done = subprocess.run(
        ["sh", "-c", f"{PROGRAM} context repository | head -1"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("Path ")
    assert done.stderr == ""
