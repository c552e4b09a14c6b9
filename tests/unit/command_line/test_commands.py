"""`scoped-images context` and `scoped-images why`, as a terminal, a pipe and a script see them."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from scoped_images.context.scoped_context import ScopedContext
from scoped_images.image.spec import ImageSpec
from scoped_images.platform import Platform
from tests.unit.command_line.program import PROGRAM, listed, paths, run
from tests.unit.command_line.repository import DOCKERFILE


def test_json_holds_each_file_with_the_lines_that_ask_for_it(root: Path) -> None:
    done = run("context", "repository", "--file", "Dockerfile", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    assert list(content) == ["fingerprint", "bytes", "files", "warnings"]
    assert paths(content) == ["config", "config/plain", "run.sh", "src", "src/a.py", "src/link"]
    files = {file["path"]: file for file in content["files"]}
    assert files["src/a.py"] == {
        "path": "src/a.py",
        "bytes": 9,
        "mode": "0644",
        "sha256": hashlib.sha256(b"src/a.py\n").hexdigest(),
        "kind": "file",
        "link": None,
        "sources": [5, 6],
    }
    assert files["src"] == {
        "path": "src",
        "bytes": 0,
        "mode": "0755",
        "sha256": None,
        "kind": "directory",
        "link": None,
        "sources": [5, 6],
    }
    assert files["src/link"]["kind"] == "link"
    assert files["src/link"]["link"] == "a.py"
    assert files["src/link"]["sha256"] is None
    assert files["run.sh"]["mode"] == "0755"
    assert content["bytes"] == sum(file["bytes"] for file in content["files"]) == 29
    assert content["warnings"] == []


def test_the_fingerprint_is_that_of_the_image(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = ScopedContext.from_dockerfile(
        root, platform=Platform.LINUX_ARM64, target="test", build_args={"KIND": "rich"}
    )
    arguments = ("--target", "test", "--build-arg", "KIND=rich", "--platform", "linux/arm64")
    content = listed(capsys, "repository", "--file", "Dockerfile", *arguments)
    spec = ImageSpec(context=context, platform=Platform.LINUX_ARM64)
    assert content["fingerprint"] == f"sha256:{spec.fingerprint}"


@pytest.mark.parametrize(
    "changed",
    [["--build-arg", "UNUSED=1"], ["--platform", "linux/arm64"], ["--target", "test"]],
    ids=["build argument", "platform", "target"],
)
def test_the_fingerprint_changes_with(
    changed: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = listed(capsys, "repository", "--file", "Dockerfile")
    again = listed(capsys, "repository", "--file", "Dockerfile", "--platform", "linux/amd64")
    other = listed(capsys, "repository", "--file", "Dockerfile", *changed)
    assert again == plain, "linux/amd64 is the default, on every machine"
    assert other["fingerprint"] != plain["fingerprint"]


def test_target_and_build_arguments_choose_the_files(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_test = listed(capsys, "repository", "--file", "Dockerfile", "--target", "test")
    rich = listed(capsys, "repository", "--file", "Dockerfile", "--build-arg", "KIND=rich")
    assert paths(of_test) == ["tests", "tests/test_a.py"]
    assert "config/rich" in paths(rich)
    assert "config/plain" not in paths(rich)


def test_what_is_included_has_line_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = listed(capsys, "repository", "--file", "Dockerfile", "--target", "test", "--include", "run*")
    assert [(file["path"], file["sources"]) for file in content["files"]] == [
        ("run.sh", [0]),
        ("tests", [2]),
        ("tests/test_a.py", [2]),
    ]


def test_named_contexts_count_in_the_fingerprint(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY --from=shared . /\n")
    shared = root.parent / "shared"
    shared.mkdir()
    (shared / "file").write_text("one")
    arguments = ("repository", "--file", "Dockerfile", "--build-context", "shared=shared")
    before = listed(capsys, *arguments)
    (shared / "file").write_text("two")
    assert before["files"] == []
    assert listed(capsys, *arguments)["fingerprint"] != before["fingerprint"]


@pytest.mark.parametrize("file", ["Dockerfile", "repository/Dockerfile", "{root}/Dockerfile"])
def test_the_dockerfile_is_found_from_the_root_and_from_here(file: str, root: Path) -> None:
    done = run("context", "repository", "--file", file.format(root=root))
    assert done.stdout.splitlines()[1] == "config/                 0755  Dockerfile:6", done.stderr


def test_a_pipe_gets_a_plain_table_that_no_width_cuts(root: Path) -> None:
    long = "n" * 200
    (root / "src" / long).write_text("")
    done = run("context", "repository", "--file", "Dockerfile")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Path", "Size", "Mode", "Asked", "for", "by"]
    assert [line.split() for line in lines[1:-1]] == [
        ["config/", "0755", "Dockerfile:6"],
        ["config/plain", "13", "B", "0644", "Dockerfile:6"],
        ["run.sh", "7", "B", "0755", "Dockerfile:6"],
        ["src/", "0755", "Dockerfile:5,", "6"],
        ["src/a.py", "9", "B", "0644", "Dockerfile:5,", "6"],
        ["src/link", "->", "a.py", "0777", "Dockerfile:5"],
        [f"src/{long}", "0", "B", "0644", "Dockerfile:5"],
    ]
    assert lines[-1].startswith("4 files, 2 folders, 1 link; 29 B; sha256:")
    assert done.stderr == ""


def test_a_terminal_gets_the_same_rows_and_a_sign_of_progress(root: Path) -> None:
    (root / "src" / "[bold]").write_text("")
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [PROGRAM, "context", "repository", "--file", "Dockerfile"],
        stdout=follower,
        stderr=follower,
        env=environment,
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


def test_warnings_go_to_stderr_or_into_the_json(root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    plain = run("context", "repository", "--file", "Dockerfile")
    assert plain.stderr.startswith("warning: Dockerfile:2: takes the whole context; its largest parts: ")
    as_json = run("context", "repository", "--file", "Dockerfile", "--json")
    assert as_json.stderr == ""
    assert [f"warning: {text}\n" for text in json.loads(as_json.stdout)["warnings"]] == [plain.stderr]


def test_output_writes_the_context_and_says_how_to_build_it(root: Path) -> None:
    out = root.parent / "new" / "out"
    arguments = ("--target", "test", "--build-arg", "KIND=a b", "--platform", "linux/arm64")
    done = run("context", "repository", "--file", "Dockerfile", *arguments, "--output", "new/out")
    assert done.returncode == 0, done.stderr
    there = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    assert there == ["Dockerfile", "Dockerfile.dockerignore", "tests", "tests/test_a.py"]
    assert done.stdout.splitlines()[-1] == (
        "Written; build it with: docker build --target test --platform linux/arm64 "
        f"--build-arg 'KIND=a b' {out}"
    )


def test_output_names_the_dockerfile_that_could_not_be_called_so(root: Path) -> None:
    (root / "api.Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    done = run("context", "repository", "--file", "api.Dockerfile", "--output", "out")
    out = root.parent / "out"
    assert done.stdout.splitlines()[-1] == (
        f"Written; build it with: docker build --file {out}/Dockerfile.scoped-images --platform "
        f"linux/amd64 {out}"
    )
    assert (out / "Dockerfile").read_text() == DOCKERFILE
    assert (out / "Dockerfile.scoped-images").read_text() == "FROM scratch\nCOPY Dockerfile /\n"


def test_a_dockerfile_that_copies_itself_is_staged_under_its_own_name(root: Path) -> None:
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    assert run("context", "repository", "--file", "Dockerfile", "--output", "out").returncode == 0
    out = root.parent / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        ".dockerignore",
        "Dockerfile",
        "Dockerfile.dockerignore",
        "config",
        "run.sh",
        "src",
        "tests",
    ]
    assert (out / "Dockerfile.dockerignore").read_text() == "/Dockerfile.dockerignore\n"


def test_output_may_be_an_empty_folder(root: Path) -> None:
    (root.parent / "out").mkdir()
    assert run("context", "repository", "--file", "Dockerfile", "--output", "out").returncode == 0
    assert (root.parent / "out" / "run.sh").exists()


def test_the_command_line_starts_without_cdk(root: Path) -> None:
    """CDK starts a Node process, which takes longer than all the rest; boto3 takes half a second."""
    program = (
        "import sys; from scoped_images.command_line import main; code = main(sys.argv[1:]); "
        "sys.exit(code or [name for name in ('aws_cdk', 'jsii', 'boto3') if name in sys.modules] or 0)"
    )
    arguments = ["context", "repository", "--file", "Dockerfile"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "run.sh" in done.stdout


def test_a_reader_that_goes_away_causes_no_traceback(root: Path) -> None:
    for number in range(3000):
        (root / "src" / f"{number:0100}").touch()
    command = f"{PROGRAM} context repository --file Dockerfile | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Path ")
    assert done.stderr == ""


def test_root_and_file_are_those_of_docker_build(root: Path) -> None:
    given = run("context", "repository", "--file", "Dockerfile", "--json")
    assert run("context", "--json", folder=root).stdout == given.stdout
    assert run("why", "--path", "Dockerfile", folder=root).returncode == 0
