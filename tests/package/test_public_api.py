"""The public API as recorded: a review of a change to it starts here; `make snapshots` rewrites the record."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import Any, get_args, get_type_hints

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

import scoped_images


class TextFile(SingleFileSnapshotExtension):
    """One readable file."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that the library defines for a class, inherited ones too."""
    seen: set[str] = set()
    for owner in cls.__mro__:
        if not owner.__module__.startswith("scoped_images"):
            continue
        for name, member in vars(owner).items():
            function = getattr(member, "__func__", member)
            if (
                name.startswith("_")
                or name in seen
                or not (inspect.isfunction(function) or isinstance(member, property | cached_property))
            ):
                continue
            seen.add(name)
            yield name, member


def function_of(member: Any) -> Any:
    """The function behind a method or a property."""
    if isinstance(member, cached_property):
        return member.func
    return getattr(member, "fget", getattr(member, "__func__", member))


def plain(text: object) -> str:
    """Without quotes around annotations, and without memory addresses in defaults."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(text)).replace("'", "")


def constructor(cls: Any) -> inspect.Signature:
    """The signature of `__init__`: jsii hides it behind a metaclass."""
    return inspect.signature(cls.__init__)


def described(name: str) -> Iterator[str]:
    cls = getattr(scoped_images, name)
    parents = [base.__name__ for base in cls.__bases__ if base is not object]
    yield f"{name}({', '.join(parents)})" if parents else name
    if issubclass(cls, Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in cls)
    elif not issubclass(cls, Exception):
        _, *parameters = constructor(cls).parameters.values()
        yield from (f"    ({plain(parameter)})" for parameter in parameters)
    for member_name, member in sorted(members(cls)):
        if isinstance(member, property | cached_property):
            yield f"    {member_name}: {inspect.signature(function_of(member)).return_annotation}"
        else:
            yield f"    {member_name}{plain(inspect.signature(function_of(member)))}"


def test_the_public_api_is_as_recorded(snapshot: SnapshotAssertion) -> None:
    text = "\n\n".join("\n".join(described(name)) for name in scoped_images.__all__)
    assert f"{text}\n" == snapshot(extension_class=TextFile)


def test_completion_in_a_repl_knows_the_public_names() -> None:
    """In a process that has imported none of them yet."""
    program = (
        "import scoped_images; print(dir(scoped_images) == sorted([*scoped_images.__all__, '__version__']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def classes_in(hint: Any) -> Iterator[type]:
    """The library's classes in an annotation."""
    if inspect.isclass(hint) and hint.__module__.startswith("scoped_images."):
        yield hint
    for argument in hint if isinstance(hint, list) else get_args(hint):
        yield from classes_in(argument)


def test_what_a_construct_takes_or_returns_can_be_imported() -> None:
    """Whoever wraps one annotates the same."""
    public = {name: getattr(scoped_images, name) for name in scoped_images.__all__}
    hidden = {
        found.__name__
        for name, cls in public.items()
        if cls.__module__.startswith("scoped_images.cdk.")
        for member in (cls.__init__, *(member for _, member in members(cls)))
        for hint in get_type_hints(function_of(member), localns=public).values()
        for found in classes_in(hint)
        if found.__name__ not in public
    }
    # Keywords, which help() lists one by one, and what a builder gets and passes on as it is.
    assert hidden == {"DerivationOptions", "ImageOptions", "Digest", "ImageSpec", "RepositoryByName"}


@pytest.mark.parametrize("name", scoped_images.__all__)
def test_everything_public_has_a_docstring(name: str) -> None:
    cls = getattr(scoped_images, name)
    undocumented = [member_name for member_name, member in members(cls) if not inspect.getdoc(member)]
    # A dataclass without a docstring gets its signature as one.
    own = cls.__doc__ or ""
    if not own or (dataclasses.is_dataclass(cls) and own.startswith(f"{name}(")):
        undocumented.insert(0, name)
    assert undocumented == []
