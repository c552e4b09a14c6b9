"""Counts needless and missed rebuilds by stock assets, peers and the library over the commits of a repository."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.aws_ecr_assets import DockerImageAsset

from benchmarks.results import OURS, Results
from scoped_images.context.control_files import read_ignore_file
from scoped_images.context.scoped_context import ScopedContext
from scoped_images.errors import ScopedImagesError

PART = "rebuilds"
_ROOT = Path(__file__).parents[1]
# Has the peers.
_PEERS_PYTHON = _ROOT / ".local/bench/bin/python"
_PEERS = ("deploy-time-build", "token-injectable-docker-builder")
COMMITS = {"quick": 60, "full": 500}
# What each subject calls an image's content, by the name of its Dockerfile.
Keys = dict[str, Callable[[str], str]]
_MOST_COMMITS = 501
_SERVICES = ("orders", "labels", "search")
_IGNORE_FILE = ".git\n**/tests\n**/*.md\n"
_COPY = re.compile(r"^COPY (?!.*--from)((?:--\S+ )*)(\S+(?: \S+)*) \S+$", re.MULTILINE)


def run(results: Results) -> None:
    """Measure a generated history."""
    count = COMMITS[results.scale]
    with tempfile.TemporaryDirectory(prefix="bench-history-") as folder:
        root = Path(folder)
        History(root).write(count)
        with _peer_keys(root) as peers:
            dockerfiles = [f"{name}.Dockerfile" for name in _SERVICES]
            _measure(results, root, dockerfiles, f"{count} generated commits", peers)


def measure_repository(results: Results, repository: Path, dockerfile: str) -> None:
    """Measure the last commits of any repository in a clone."""
    with tempfile.TemporaryDirectory(prefix="bench-history-") as folder:
        _git(Path(folder).parent, "clone", "--quiet", str(repository), folder)
        with _peer_keys(Path(folder)) as peers:
            _measure(results, Path(folder), [dockerfile], f"history of {repository.name}", peers)


@contextmanager
def _peer_keys(root: Path) -> Iterator[Keys]:
    """Yield what asks each peer for the key of a Dockerfile's image. They are asked in a process of their own."""
    with subprocess.Popen(
        [_PEERS_PYTHON, "-m", "benchmarks.peer_keys", root],
        cwd=_ROOT,
        env={
            **os.environ,
            "CDK_VALIDATION": "false",
            # The virtual environment's Node, which jsii supports.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(peer: str, dockerfile: str) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([peer, dockerfile]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, f"{peer} has failed; its message is above"
            return answer

        yield {f"{peer}, root": partial(ask, peer) for peer in _PEERS}


def _measure(results: Results, root: Path, dockerfiles: list[str], case: str, peers: Keys) -> None:
    commits = _git(root, "rev-list", "--reverse", "--first-parent", "HEAD").split()[-_MOST_COMMITS:]
    keys: Keys = {
        "read by BuildKit": lambda dockerfile: _read_by_buildkit(root, dockerfile),
        "stock, root": lambda dockerfile: _stock(root, dockerfile),
        **peers,
        OURS: lambda dockerfile: (
            ScopedContext.from_dockerfile(root, dockerfile, platform="linux/amd64").fingerprint
        ),
    }
    before: dict[tuple[str, str], str] = {}
    needless, missed = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0)
    for commit in commits:
        _git(root, "checkout", "--quiet", "--force", commit)
        for dockerfile in dockerfiles:
            try:
                now = {(dockerfile, name): key(dockerfile) for name, key in keys.items()}
            except (FileNotFoundError, ScopedImagesError):
                # Not every commit of a repository can be built.
                continue
            if before.keys() >= now.keys():
                changed = {name: before[_, name] != value for (_, name), value in now.items()}
                for name in keys:
                    needless[name] += changed[name] and not changed["read by BuildKit"]
                    missed[name] += changed["read by BuildKit"] and not changed[name]
            before |= now
    case = f"{case}, {len(dockerfiles)} image{'s' if len(dockerfiles) > 1 else ''}"
    for name in list(keys)[1:]:
        results.add(PART, case, name, "needless rebuilds", [needless[name]])
        results.add(PART, case, name, "missed rebuilds", [missed[name]])


def _stock(root: Path, dockerfile: str) -> str:
    """Return the hash of CDK's asset of the root, as a new synth makes it."""
    cdk.AssetStaging.clear_asset_hash_cache()
    app = cdk.App(context={"aws:cdk:disable-asset-staging": True})
    return DockerImageAsset(cdk.Stack(app, "Stack"), "Asset", directory=str(root), file=dockerfile).asset_hash


def _read_by_buildkit(root: Path, dockerfile: str) -> str:
    """Hash git's modes, paths and contents of the sources of COPY, without files that the ignore file excludes.

    It supports only COPY lines without patterns.
    """
    text = (root / dockerfile).read_text()
    sources = [source for _, names in _COPY.findall(text) for source in names.split()]
    ignore = read_ignore_file(root, root / dockerfile)
    listed = _git(root, "ls-tree", "-r", "HEAD", "--", *sources).splitlines()
    kept = [line for line in listed if not ignore.excludes(line.partition("\t")[2])]
    return hashlib.sha256("\n".join((text, *kept)).encode()).hexdigest()


@dataclass
class History:
    """A generated repository: three services, a shared package, and many files that no image reads."""

    root: Path
    _random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - the same each time
    _files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def write(self, commits: int) -> None:
        """Write so many commits, each with one to three changes."""
        _git(self.root, "init", "--quiet", "--initial-branch", "main")
        # Checkouts must keep line ends.
        _git(self.root, "config", "core.autocrlf", "false")
        for name in _SERVICES:
            text = f"FROM scratch\nCOPY packages/shared /opt/shared\nCOPY services/{name} /app\n"
            self._files[f"{name}.Dockerfile"] = ("100644", text.encode())
            for number in range(8):
                self._files[f"services/{name}/module_{number}.py"] = ("100644", b"x = 1\n")
            self._files[f"services/{name}/tests/test_all.py"] = ("100644", b"assert True\n")
            self._files[f"services/{name}/README.md"] = ("100644", b"text\n")
        for number in range(10):
            self._files[f"packages/shared/module_{number}.py"] = ("100644", b"y = 1\n")
            self._files[f"docs/page_{number}.txt"] = ("100644", b"text\n")
            self._files[f"other/tool_{number}.sh"] = ("100644", b"exit 0\n")
        self._files[".dockerignore"] = ("100644", _IGNORE_FILE.encode())
        stream = b"".join(self._commit(number) for number in range(commits + 1))
        subprocess.run(["git", "fast-import", "--quiet"], cwd=self.root, input=stream, check=True)

    def _commit(self, number: int) -> bytes:
        if number:
            for _ in range(self._random.randint(1, 3)):
                self._change(number)
        return b"".join(self._lines(number))

    def _lines(self, number: int) -> Iterator[bytes]:
        yield b"commit refs/heads/main\ncommitter B <b@example.com> %d +0000\n" % (
            1_700_000_000 + 60 * number
        )
        yield b"data 1\n.\ndeleteall\n"
        for path, (mode, content) in self._files.items():
            yield b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), path.encode(), len(content), content)

    def _change(self, number: int) -> None:
        changeable = sorted(path for path in self._files if not path.startswith("."))
        path = self._random.choice(changeable)
        mode, content = self._files[path]
        kind = self._random.choice(
            ("edit", "edit", "edit", "same size", "mode", "line ends", "add", "remove")
        )
        if path.endswith("Dockerfile"):
            self._files[path] = (mode, content + b"# comment\n")
        elif kind == "edit":
            self._files[path] = (mode, content + b"# %d\n" % number)
        elif kind == "same size":
            self._files[path] = (mode, content.swapcase())
        elif kind == "mode":
            self._files[path] = ("100644" if mode == "100755" else "100755", content)
        elif kind == "line ends":
            crlf = b"\r\n" in content
            changed = content.replace(b"\r\n", b"\n") if crlf else content.replace(b"\n", b"\r\n")
            self._files[path] = (mode, changed)
        elif kind == "add":
            self._files[f"{path.rpartition('.')[0]}_{number}.py"] = ("100644", b"new\n")
        elif len([each for each in self._files if each.startswith(path.rpartition("/")[0])]) > 2:
            del self._files[path]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return done.stdout.decode()
