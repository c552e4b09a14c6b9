"""Writes the programs that install requirements and packages while a base image is built."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PIP = "python3 -m pip"
_QUIET = "--no-cache-dir --disable-pip-version-check"
# Replaces a folder in pyproject.toml, where Poetry takes packages from it.
_REPLACE = """\
import pathlib, re, sys
old, new = sys.argv[1:]
file = pathlib.Path("pyproject.toml")
named = rf"(\\bfrom[\\x22']?\\s*=\\s*)([\\x22']){re.escape(old)}\\2".encode()
file.write_bytes(re.sub(named, rf"\\g<1>\\g<2>{new}\\2".encode(), file.read_bytes()))
"""


@dataclass(frozen=True, kw_only=True)
class PackageBuild:
    """How one package becomes a wheel.

    folder: the package's, relative to the repository. variables: for its build backend.
    whole_folder: whether setuptools takes every file in a package for its data, as it does with setuptools-scm in a
        git repository.
    moved: by folder outside of the package's, what to take from there, because its build backend refuses the folder.
    """

    folder: str
    variables: Mapping[str, str] = field(default_factory=dict)
    whole_folder: bool = False
    moved: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the commands, which run in the repository."""
        folder = shlex.quote(f"./{self.folder}")
        lines = [f"cd {folder}"]
        if self.whole_folder:
            # What git tracks is what the build context holds.
            lines.append("echo 'graft .' >> MANIFEST.in")
        for number, (outside, parts) in enumerate(self.moved.items()):
            inside = f"scoped-images-{number}"
            for part in dict.fromkeys(parts):
                target = posixpath.dirname(f"{inside}/{part}") if part else inside
                lines.append(f"mkdir -p {shlex.quote(target)}")
                source = f"{outside}/{part or '.'}"
                lines.append(f"cp -R {shlex.quote(source)} {shlex.quote(target)}/")
            lines.append(f"python3 -c {shlex.quote(_REPLACE)} {shlex.quote(outside)} {inside}")
        variables = "".join(f"{name}={shlex.quote(value)} " for name, value in sorted(self.variables.items()))
        lines.append(f"{variables}{_PIP} wheel {_QUIET} --no-deps --wheel-dir /tmp/wheels .")
        return [*lines, 'cd "$source"']


def install_requirements(*, any_required: bool, complete: bool) -> bytes:
    """Return the program that installs requirements.txt into a new folder, which it gets as argument.

    complete: whether the requirements name every package that they need.
    """
    lines = [
        "# Installs requirements.txt, beside this file, into the new folder $1.",
        "set -eu",
        'mkdir "$1"',
    ]
    if any_required:
        install = f"{_PIP} install {_QUIET} --root-user-action=ignore --prefer-binary"
        more = " --no-deps" if complete else ""
        lines.append(f'{install}{more} -r "$(dirname "$0")/requirements.txt" --target "$1"')
    return _program(lines)


def install_packages(builds: Sequence[PackageBuild]) -> bytes:
    """Return the program that builds wheels and installs them into a new folder.

    It gets the repository and the new folder as arguments.
    """
    if not builds:
        return _program(["# Nothing to build: makes the new folder $2.", "set -eu", 'mkdir "$2"'])
    return _program(
        [
            "# Builds the packages in the repository $1 and installs them into the new folder $2.",
            "set -eu",
            'source=$(cd "$1" && pwd)',
            # pip before 25.3 knows only the first.
            'PIP_CONSTRAINT="$(cd "$(dirname "$0")" && pwd)/build-constraints.txt"',
            "PIP_BUILD_CONSTRAINT=$PIP_CONSTRAINT",
            "export PIP_CONSTRAINT PIP_BUILD_CONSTRAINT",
            'cd "$source"',
            *(line for build in builds for line in build.lines()),
            "unset PIP_CONSTRAINT PIP_BUILD_CONSTRAINT",
            f'{_PIP} install {_QUIET} --root-user-action=ignore --no-deps --no-index --target "$2" /tmp/wheels/*.whl',
            "rm -r /tmp/wheels",
        ]
    )


def _program(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in ("#!/bin/sh", *lines)).encode()
