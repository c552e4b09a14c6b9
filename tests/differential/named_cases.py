"""Corners of BuildKit, each by name: what was found by reading its source, and what generated cases brought up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

from tests.differential.case import Case, Entry


def entries_of(there: list[str]) -> tuple[Entry, ...]:
    """Make entries of paths: `a/` is a folder, `a -> b` a link."""
    entries = []
    for path in there:
        name, arrow, target = path.partition(" -> ")
        kind = "link" if arrow else "folder" if name.endswith("/") else "file"
        mode = 0o755 if kind == "folder" else 0o644
        entries.append(Entry(name.rstrip("/"), kind, mode, target or name))
    return tuple(entries)


def case(there: list[str], lines: str, ignore: str | None = None) -> Case:
    """Make a case of paths and of the lines after `FROM scratch`."""
    dockerfile = lines if "FROM " in lines else f"FROM scratch\n{lines}\n"
    return Case(entries_of(there), dockerfile, ignore)


def with_named_context(there: list[str], lines: str) -> Case:
    """Make a case whose paths are in the build context `n`, which ignores `ignored`."""
    ignore = Entry(".dockerignore", content="ignored\n")
    return replace(case([], lines), named={"n": (*entries_of(there), ignore)})


def with_mount(there: list[str], mount: str) -> Case:
    """Make a case whose RUN writes to `/seen` what it finds at a mount."""
    program = "for f in /m/* /m/g/*; do if test -f $f; then read -r line < $f; echo $f $line; fi; done > /seen; true"
    lines = f"FROM scratch AS shell\nCOPY root /\nFROM shell\nRUN --network=none {mount} {program}\n"
    plain = case(there, lines)
    return replace(plain, entries=(*plain.entries, *_shell()))


def _shell() -> list[Entry]:
    """The machine's shell and its libraries, for an image that needs no registry."""
    shell = os.path.realpath("/bin/sh")
    libraries = re.findall(
        r"/\S+", subprocess.run(["ldd", shell], capture_output=True, text=True, check=True).stdout
    )
    return [
        Entry("root/bin/sh", "copy", content=shell),
        *(Entry(f"root{path}", "copy", content=path) for path in libraries),
    ]


# (sentence, what there is, Dockerfile lines, ignore file)
BUILDS = [
    ("a wildcard without a match", ["a"], "COPY *.none /x/\nCOPY a /y", None),
    ("a wildcard without a match in a copied folder", ["s/b"], "COPY s/*.none /x/\nCOPY s/b /y", None),
    (
        "an exclude does not touch a source itself",
        ["a.md", "d/b.md", "d/c"],
        "COPY --exclude=*.md a* d /x/",
        None,
    ),
    ("a negated class reaches over a slash", ["a/b", "a/c", "axb"], "COPY a[^.]b /x/", None),
    ("an ARG after ENV", ["a", "b"], "ENV X=a\nARG X=b\nCOPY $X /z", None),
    ("ENV is back in a stage", ["a", "b"], "FROM scratch AS p\nENV X=a\nARG X=b\nFROM p\nCOPY $X /z\n", None),
    ("an ARG is inherited", ["a", "b"], "FROM scratch AS p\nARG X=b\nFROM p\nCOPY $X /z\n", None),
    (
        "a stage in capitals",
        ["a"],
        "FROM scratch AS Base\nCOPY a /a\nFROM scratch\nCOPY --from=BASE /a /b\n",
        None,
    ),
    (
        "two stages of one name",
        ["a", "b"],
        "FROM scratch AS p\nCOPY b /b\nFROM scratch AS p\nCOPY a /b\nFROM scratch\nCOPY --from=p /b /\n",
        None,
    ),
    ("a slash behind a file", ["a"], "COPY a/ /z", None),
    ("a link to a folder", ["l -> d", "d/f", "d/m -> f"], "COPY l /z/", None),
    ("an absolute link", ["l -> /d/f", "d/f"], "COPY l /z/", None),
    ("a link that climbs out and ends inside", ["l -> ../../d/f", "d/f"], "COPY l /z/", None),
    ("a wildcard follows links", ["l -> d", "m -> f", "d/g", "f"], "COPY [lm] /z/", None),
    ("a wildcard behind a link", ["l -> d", "d/f"], "COPY l/* /z/", None),
    ("a link to nowhere in a folder", ["x/l -> nope", "x/f"], "COPY x /z/", None),
    ("dots stop at the root", ["a", "d/f"], "COPY ../a d/../../d/f /z/", None),
    ("an exception below an ignored folder", ["a/b", "a/c"], "COPY a /z/", "a\n!a/b"),
    ("an exception for the folder of an ignored file", ["a/b", "a/c"], "COPY . /z/", "a/b\n!a"),
    ("an empty folder", ["a/e/", "a/f"], "COPY a /z/", None),
    ("an escaped star is a star again", ["a*b", "axb"], "COPY a\\*b /z/", None),
    ("ONBUILD", ["a", "b"], "FROM scratch AS p\nCOPY b /b\nONBUILD COPY a /on\nFROM p\nCOPY b /c\n", None),
    ("the ignore file and the Dockerfile are files", [".e", "b/Dockerfile"], "COPY . /z/", "b/x\n"),
    (
        "a bar in an exception is an alternative",
        ["src.py", "lib/a", "other/b"],
        "COPY . /o/",
        "*\n!src|lib*",
    ),
    ("braces in a rule repeat", ["xxq", "xq", "x{2}q"], "COPY . /o/", "x{2}*"),
    ("braces in an exclude repeat", ["d/xxq", "d/xq"], "COPY --exclude=x{2}* d /o/", None),
    ("braces without a first number are text", ["x{,2}q", "xxq"], "COPY . /o/", "x{,2}*"),
    ("a POSIX class in a rule", ["1", "a", ":"], "COPY . /o/", "[[:digit:]]"),
    ("a malformed exception that nothing reaches", ["a"], "COPY . /o/", "!x{2}{3}*"),
    (
        "a link at the root's top to what is excluded",
        ["l -> d/f", "d/f", "e"],
        "COPY --exclude=d . /x/",
        None,
    ),
    ("a link at the root's top to an excluded folder", ["l -> d", "d/f"], "COPY --exclude=d . /x/", None),
    (
        "a link at the root's top through an excluded link",
        ["l -> m", "m -> d/f", "d/f"],
        "COPY --exclude=d --exclude=m . /x/",
        None,
    ),
    (
        "check before escape",
        ["a", "b"],
        "# check=skip=all\n# escape=`\nFROM scratch\nCOPY a `\n b /z/\n",
        None,
    ),
]

# (sentence, what there is in the build context `n`, Dockerfile lines)
NAMED = [
    ("a path", ["a/f", "b/f"], "COPY --from=n a /x/"),
    ("a path by a link", ["l -> a", "a/f", "b/f"], "COPY --from=n l /x/"),
    ("a wildcard", ["a1", "a2", "b"], "COPY --from=n a* /x/"),
    ("less an exclude", ["a/f", "a/g", "l -> a/g"], "COPY --from=n --exclude=a . /x/"),
    ("less its own ignored files", ["a/f", "b"], "COPY --from=n . /x/"),
    ("a base", ["a/f", "b/f"], "FROM n\nCOPY --from=n b /x/\n"),
    ("in place of a stage", ["a/f", "b/f"], "FROM scratch AS n\nFROM scratch\nCOPY --from=n a /x/\n"),
    ("a wildcard without a match", ["a/f", "b"], "COPY --from=n a/*.none /x/\nCOPY --from=n b /y/"),
    ("a missing path", ["a/f"], "COPY --from=n gone /x/"),
    ("an ignored path", ["a/f", "ignored"], "COPY --from=n ignored /x/"),
]

FAILS = [
    ("a wildcard in a folder of which nothing is copied", ["a", "s/b"], "COPY s/*.none /x/\nCOPY a /y", None),
    ("a wildcard in a folder that is not there", ["a"], "COPY gone/* /x/\nCOPY a /y", None),
    ("a link behind a wildcard folder leads to what is not sent", ["x/l -> f", "x/f"], "COPY */l /z/", None),
    ("a doubly escaped star", ["a*b", "axb"], "COPY a\\\\*b /z/", None),
    ("a name that looks like an exception", ["!a", "b"], "COPY !a b /z/", None),
    (
        "a base in capitals is an image",
        ["a"],
        "FROM scratch AS Base\nCOPY a /a\nFROM Base\nCOPY a /b\n",
        None,
    ),
    ("an ignored source", ["a"], "COPY a /x", "a"),
    ("a malformed rule", ["a"], "COPY a /x", "b[\n"),
    ("a lone exclamation mark", ["a"], "COPY a /x", "!\n"),
    ("a dangling link at the root's top with an exclude", ["l -> gone"], "COPY --exclude=q . /x/", None),
    (
        "a looping link at the root's top with an exclude",
        ["l -> m", "m -> l"],
        "COPY --exclude=q . /x/",
        None,
    ),
    ("a rule that Go cannot compile", ["a"], "COPY a /x", "x{2}{3}*\n"),
    ("an escape that Go does not know", ["a"], "COPY a /x", "build\\yaml\n"),
]

# (sentence, what there is, mount, what the RUN sees)
MOUNTS = [
    ("a folder", ["m/f", "m/g/h", "n"], "--mount=source=m,target=/m", "/m/f m/f\n/m/g/h m/g/h\n"),
    ("a file by a link", ["m/f", "l -> m/f"], "--mount=source=l,target=/m/f", "/m/f m/f\n"),
    ("a folder by a link", ["m/f", "l -> m"], "--mount=source=l,target=/m", "/m/f m/f\n"),
    ("a path through a link", ["m/f", "l -> m"], "--mount=source=l/f,target=/m/f", "/m/f m/f\n"),
    ("an absolute link", ["m/f", "l -> /m/f"], "--mount=source=l,target=/m/f", "/m/f m/f\n"),
    (
        "the whole context",
        ["f", "g/h"],
        "--mount=target=/m",
        "/m/Dockerfile FROM scratch AS shell\n/m/f f\n/m/g/h g/h\n",
    ),
]

MODES = Case(
    (
        Entry("d", "folder", 0o700),
        Entry("d/closed", mode=0o600),
        Entry("d/program", mode=0o711),
        Entry("set", mode=0o644),
    ),
    "FROM scratch\nCOPY d /d\nCOPY --chmod=0640 set /set\n",
)


def named_cases() -> dict[str, Case]:
    """Return every case by its kind and sentence."""
    cases = {
        **{f"builds: {name}": case(there, lines, ignore) for name, there, lines, ignore in BUILDS},
        **{f"fails: {name}": case(there, lines, ignore) for name, there, lines, ignore in FAILS},
        **{f"named context: {name}": with_named_context(there, lines) for name, there, lines in NAMED},
        "modes": MODES,
    }
    if sys.platform == "linux":
        cases |= {f"mount: {name}": with_mount(there, mount) for name, there, mount, _ in MOUNTS}
    return cases
