"""Finds the files that the build backend of a package reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scoped_images.context.control_files import read_folder_ignore_file
from scoped_images.context.named import NamedContext
from scoped_images.context.selection import whole_folder
from scoped_images.context.size import MAX_BYTES, SizeLimit, read_files
from scoped_images.errors import ScopedImagesError
from scoped_images.patterns.ignore_file import IgnoreFile, IgnoreRule
from scoped_images.workspace.build_settings import data_patterns, named_elsewhere, named_parts
from scoped_images.workspace.package import Package
from scoped_images.workspace.version_source import generated_version_files
from scoped_images.workspace.workspace import Workspace

# Building, installing, running, checking and editing a package leave these in its folder, or in any other (`**/`).
# An exception (`!`) in the package's own .dockerignore brings them back.
_LEFT_BEHIND = (
    *("**/__pycache__", "**/*.py[co]", "**/*.egg-info", "**/.*_cache", "**/.DS_Store", "**/node_modules"),
    *("**/*.cpython-3*-*.so", "build", "dist", "htmlcov", ".*", "!.cargo"),
    *("**/*~", "**/.*.sw?", "**/.#*", "**/#*#"),
)
# What a package has beside its source. A backend reads one of these only if a build file names it.
_BESIDE = (
    *("test", "tests", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "notebooks"),
    *("README*", "CHANGELOG*", "CHANGES*", "HISTORY*", "CONTRIBUTING*", "requirements*.txt"),
    *("requirements*.lock", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile*"),
    *("pylock*.toml", "*Dockerfile*", "docker-compose*", "Makefile", "justfile", "conftest.py", "noxfile.py"),
    *("toxfile.py", "tox.ini", "mkdocs.yml", "cdk.json"),
)
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in")
_COMPILED = (".so", ".pyd", ".dylib", ".dll", ".pyc")
_IGNORED = "git ignores it"
_WILDCARDS = re.compile(r"[*?\[\]\\]")


def build_files(packages: Iterable[Package], workspace: Workspace) -> NamedContext:
    """Read the files that the backends of these packages read, with their paths in the repository.

    Takes each package's folder except tests, documents, what tools leave behind, what git ignores, other packages, and
    what its `.dockerignore` excludes; and what the backend's settings or links name elsewhere in the repository. Leaves
    out empty folders, because git does not track them and keeps some when a branch changes.

    Raises ScopedImagesError if a link leads out of the root, and for more than MAX_BYTES.
    """
    packages, root, ignored = tuple(packages), workspace.root, workspace.ignored
    found: set[str] = set()
    for package in packages:
        own = whole_folder(package.folder, rules_for(package, workspace)).lines
        found |= {_join(root, package.folder, path) for path in own}
        for path in named_elsewhere(package):
            found |= set(_with_content(root, path, ignored))
    found = _with_link_targets(packages[0].name, root, found, ignored)
    files = [path for path in found if (root / path).is_symlink() or not (root / path).is_dir()]
    folders = {str(folder) for file in files for folder in PurePosixPath(file).parents} - {"."}
    limit = SizeLimit(
        max_bytes=MAX_BYTES,
        context=f"source of {packages[0].name}",
        ignore_file=f"{packages[0].folder / '.dockerignore'}",
        dockerfile="its Dockerfile",
    )
    paths = sorted({*files, *folders}, key=os.fsencode)
    return NamedContext(root=root, files=read_files(root, dict.fromkeys(paths, ()), limit))


def rules_for(package: Package, workspace: Workspace) -> IgnoreFile:
    """Return the rules for a package's own folder.

    A rule that is not of its `.dockerignore` has the reason in place of the file's name.
    """
    folder = package.folder
    inner = [each.folder for each in workspace.every if each.folder != folder]
    named = set(named_parts(package))
    text = "\n".join(_text(folder / name) for name in _BUILD_FILES)
    environments = [path.parent.name for path in folder.glob("*/pyvenv.cfg")]
    rust = ["target"] if (folder / "Cargo.toml").is_file() else []
    beside = [
        entry
        for entry in sorted(path.name for path in folder.iterdir())
        if any(PurePosixPath(entry).match(pattern) for pattern in _BESIDE)
        and entry not in named
        and not ("." in entry and entry in text)
    ]
    # A path has the reason of the last group that it is in.
    groups = {
        _IGNORED: _below(workspace.root, folder, workspace.ignored),
        "another package": [
            each.relative_to(folder).as_posix() for each in inner if each.is_relative_to(folder)
        ],
        "no build file names it": beside,
        "each build writes it": generated_version_files(package),
        "tools leave it behind": (*environments, *rust),
    }
    rules = [rule for reason, paths in groups.items() for rule in _rules(map(_literal, paths), reason)]
    left = _rules(_LEFT_BEHIND, "tools leave it behind")
    return IgnoreFile((*rules, *left, *read_folder_ignore_file(folder).rules))


def ignored_data(package: Package, workspace: Workspace) -> tuple[str, ...]:
    """Return the files that git ignores although the package's settings name them as data, relative to its folder.

    A wheel that is built on this machine has them, and the base does not. Leaves out compiled files, because the build
    makes them.
    """
    patterns = data_patterns(package)
    if not patterns:
        return ()
    found: set[str] = set()
    folder, rules = package.folder, rules_for(package, workspace)
    others = IgnoreFile(tuple(rule for rule in rules.rules if rule.file != _IGNORED))
    for path in _below(workspace.root, folder, workspace.ignored):
        for file in (folder / path).rglob("*") if path.endswith("/") else [folder / path]:
            name = file.relative_to(folder).as_posix()
            by_git = rules.excludes(name) and not others.excludes(name) and not file.is_dir()
            if by_git and file.suffix not in _COMPILED and any(file.match(each) for each in patterns):
                found.add(name)
    return tuple(sorted(found))


def _rules(patterns: Iterable[str], reason: str) -> tuple[IgnoreRule, ...]:
    return IgnoreFile.parse("\n".join(patterns), name=reason).rules


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _literal(path: str) -> str:
    """Return the pattern that matches only this path."""
    return _WILDCARDS.sub(lambda special: f"\\{special[0]}", path.rstrip("/"))


def _with_link_targets(name: str, root: Path, paths: set[str], ignored: tuple[str, ...]) -> set[str]:
    """Add what links lead to, wherever it is in the repository: a link is copied as a link."""
    found, waiting = set(paths), sorted(paths)
    while waiting:
        link = root / waiting.pop()
        if not link.is_symlink() or link.readlink().is_absolute():
            continue
        target = Path(os.path.normpath(link.parent.resolve() / link.readlink()))
        if not target.resolve().is_relative_to(root):
            raise ScopedImagesError(
                f"base image {name!r}: {link} is a link to {target}, which is outside of the root {root}; replace the "
                "link with a copy, or exclude it in the package's .dockerignore"
            )
        new = set(_with_content(root, target, ignored)) - found if target.exists() else set()
        found |= new
        waiting += sorted(new)
    return found


def _with_content(root: Path, path: Path, ignored: tuple[str, ...]) -> Iterator[str]:
    """Yield a path and everything below it, relative to the root."""
    if not path.is_relative_to(root):
        return
    relative = path.relative_to(root).as_posix()
    yield relative
    if path.is_dir() and not path.is_symlink():
        left = [pattern for pattern in _LEFT_BEHIND if pattern.startswith("**/")]
        rules = _rules((*left, *map(_literal, _below(root, path, ignored))), "scoped_images")
        yield from (_join(root, path, below) for below in whole_folder(path, IgnoreFile(rules)).lines)


def _below(root: Path, folder: Path, paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths in a folder, relative to it."""
    prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    yield from (path.removeprefix(prefix) for path in paths if path.startswith(prefix) and path != prefix)


def _join(root: Path, folder: Path, path: str) -> str:
    return (folder.relative_to(root) / path).as_posix()
