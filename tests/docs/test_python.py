"""The Python of the pages: it compiles, its names exist, and its calls are ones that the library takes."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

import scoped_images
from tests.docs.pages import ROOT, Block, all_blocks

# A block that is a file of the repository says so in its first line.
_FILE = re.compile(r"# (examples/\S+)\n")
PYTHON = [block for block in all_blocks("python") if not _FILE.match(block.text)]
# tests/cdk/test_readme_examples.py runs those of the README.
PROGRAMS = [block for block in PYTHON if "\napp.synth()" in block.text and block.page.parent != ROOT]
FILES = [block for block in all_blocks("python", "dockerfile", "json", "text") if _FILE.match(block.text)]


def parse(text: str) -> ast.Module:
    """Parse what a page shows; `…` stands for what the reader has already, after keywords for further ones."""
    return ast.parse(re.sub(r",\s*…(?=\s*,?\s*\))", ", **...", text).replace("…", "..."))


def mistakes(text: str) -> Iterator[str]:
    """Yield what is wrong with a block, one text for each mistake."""
    tree = parse(text)
    local = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    local |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                if node.module == "scoped_images" and alias.name not in scoped_images.__all__:
                    yield f"scoped_images has no {alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id[0].isupper():
            known = local | imported.keys() | set(scoped_images.__all__)
            if node.id not in known and not cdk_has(node.id):
                yield f"{node.id} is not defined"
        if isinstance(node, ast.Call):
            yield from wrong_call(node, imported)


@cache
def cdk_has(name: str) -> bool:
    """Whether a construct of CDK or a constant of Python has this name; pages leave CDK's imports out."""
    modules = (aws_cdk, aws_cdk.aws_bedrockagentcore, aws_cdk.aws_ecs, aws_cdk.aws_lambda)
    return name in ("None", "True", "False") or any(hasattr(module, name) for module in modules)


def wrong_call(call: ast.Call, imported: dict[str, str]) -> Iterator[str]:
    """Yield what our own signatures say against a call; calls of others are not judged."""
    candidates = list(signatures(call.func, imported))
    if not candidates:
        return
    positional = [argument for argument in call.args if not is_ellipsis(argument)]
    keywords = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    # What the page leaves out may be anything that is required.
    partial = len(positional) < len(call.args) or any(keyword.arg is None for keyword in call.keywords)
    errors = []
    for signature in candidates:
        try:
            (signature.bind_partial if partial else signature.bind)(*positional, **keywords)
        except TypeError as error:
            errors.append(f"{ast.unparse(call.func)}: {error}")
    if len(errors) == len(candidates):
        yield " or ".join(dict.fromkeys(errors))


def is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def signatures(function: ast.expr, imported: dict[str, str]) -> Iterator[inspect.Signature]:
    """Yield the signatures of ours that a call may mean."""
    if isinstance(function, ast.Name) and (name := ours(function.id, imported)):
        yield without_self(getattr(scoped_images, name).__init__)
    elif isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        if name := ours(owner, imported):
            yield class_method(name, function.attr)
        elif not owner[:1].isupper():
            yield from our_methods().get(function.attr, ())


def ours(name: str, imported: dict[str, str]) -> str | None:
    """Return the public name of ours that `name` stands for in a block, if any."""
    module, _, public = imported.get(name, f"scoped_images.{name}").rpartition(".")
    return public if module == "scoped_images" and public in scoped_images.__all__ else None


def class_method(name: str, method: str) -> inspect.Signature:
    found = getattr(getattr(scoped_images, name), method, None)
    assert found is not None, f"{name} has no {method}"
    return inspect.signature(found)


@cache
def our_methods() -> dict[str, list[inspect.Signature]]:
    """The methods of the library's constructs, by name: a page calls them on a variable of any name."""
    found: dict[str, list[inspect.Signature]] = {}
    for name in scoped_images.__all__:
        cls: Any = getattr(scoped_images, name)
        if not issubclass(cls, scoped_images.ScopedImage.__mro__[1]):
            continue
        for attribute, member in vars(cls).items():
            if inspect.isfunction(member) and not attribute.startswith("_"):
                found.setdefault(attribute, []).append(without_self(member))
    return found


def without_self(function: Any) -> inspect.Signature:
    _, *parameters = inspect.signature(function).parameters.values()
    return inspect.Signature(parameters)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_names_exist_and_calls_are_taken(block: Block) -> None:
    assert list(mistakes(block.text)) == []


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_a_whole_program_synthesizes(block: Block, tmp_path: Path) -> None:
    (tmp_path / "lambdas/upload").mkdir(parents=True)
    (tmp_path / "lambdas/upload/handler.py").touch()
    (tmp_path / "lambdas/upload/Dockerfile").write_text("FROM scratch\nCOPY lambdas/upload/handler.py /\n")
    program = [sys.executable, "-c", block.text]
    done = subprocess.run(
        program,
        cwd=tmp_path,
        env={**os.environ, "CDK_OUTDIR": "cdk.out"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "cdk.out" / "manifest.json").read_text())
    assert "aws:cdk:error" not in json.dumps(manifest)


@pytest.mark.parametrize("block", FILES, ids=str)
def test_a_block_that_names_a_file_is_that_file(block: Block) -> None:
    match = _FILE.match(block.text)
    assert match
    assert (ROOT / match[1]).read_text() == block.text[match.end() :]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("from scoped_images import ScopedImag", "scoped_images has no ScopedImag"),
        ("image = ScopedImag(…)", "ScopedImag is not defined"),
        ("ImageLifecycle(max=3)", "ImageLifecycle: missing a required argument: 'max_images'"),
        ("BuildOptions(cached=False)", "BuildOptions: got an unexpected keyword argument 'cached'"),
        ("RemoteBuilder(…, secret={})", "RemoteBuilder: got an unexpected keyword argument 'secret'"),
        (
            "image.add_output()\nrepository.add_outputs(1)",
            "repository.add_outputs: too many positional arguments",
        ),
    ],
)
def test_a_mistake_is_found(text: str, mistake: str) -> None:
    assert list(mistakes(text)) == [mistake]
