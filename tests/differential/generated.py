"""Hypothesis strategies for small repositories and Dockerfiles of every form that COPY and ADD take."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.differential.case import Case, Entry

_NAMES = (
    ["a", "b", "c.txt", "d.md", "src", "lib", ".e", "f g", "é", "x[1]", "a*b", "ab", "1", "$v", "q'"],
    # Few names make patterns, rules and links meet more often.
    ["a", "b", "ab"],
)
_FOLDER_NAMES = (["a", "b", "src", "lib", ".e", "f g", "é", "ab"], ["a", "b"])
_LINK_TARGETS = "a b src ../a ../b ./lib /a /src src/a ../../a .. . gone / src/../a a/b"
_WILDCARDS = r"* ? [a-c]* [^a]* a* *.txt *.md ** *b [!a]* s?c a\\*b a{1}* a|b*"


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """A tree of up to some twelve entries, at most four deep."""
    found: dict[str, Entry] = {}
    size = draw(st.integers(0, 1))
    names, folder_names = st.sampled_from(_NAMES[size]), st.sampled_from(_FOLDER_NAMES[size])
    for _ in range(draw(st.integers(1, 12))):
        folders = draw(st.lists(folder_names, max_size=3))
        path = "/".join([*folders, draw(names)])
        above = ["/".join(folders[: depth + 1]) for depth in range(len(folders))]
        taken = any(found[folder].kind != "folder" for folder in above if folder in found)
        if taken or path in found:
            continue
        for folder in above:
            found.setdefault(
                folder, Entry(folder, "folder", draw(st.sampled_from([0o755, 0o755, 0o700, 0o775])))
            )
        found[path] = draw(_entry(path))
    return tuple(sorted(found.values(), key=lambda entry: entry.path))


@st.composite
def _entry(draw: st.DrawFn, path: str) -> Entry:
    kind = draw(st.sampled_from(["file", "file", "file", "folder", "link"]))
    if kind == "file":
        return Entry(path, kind, draw(st.sampled_from([0o644, 0o755, 0o600, 0o444])), path)
    if kind == "link":
        return Entry(path, kind, content=draw(st.sampled_from(_LINK_TARGETS.split())))
    return Entry(path, kind, draw(st.sampled_from([0o755, 0o700])))


@st.composite
def _pattern(draw: st.DrawFn, paths: list[str]) -> str:
    """A path of the tree, some of its components made wildcards."""
    path = draw(st.sampled_from([*paths, *paths, "gone", "a/gone"]))
    parts = path.split("/")
    for index in range(len(parts)):
        if draw(st.integers(0, 3)) == 0:
            parts[index] = draw(st.sampled_from(_WILDCARDS.split()))
    return "/".join(parts)


@st.composite
def ignore_files(draw: st.DrawFn, paths: list[str]) -> str | None:
    """An ignore file, or none."""
    lines = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4]))):
        pattern = draw(_pattern(paths)).replace("\\\\", "\\")
        prefix = draw(st.sampled_from(["", "", "", "!", "!", "/", "**/", "!**/", " ", "./"]))
        suffix = draw(st.sampled_from(["", "", "", "/", "/**", "/*", "  ", "\r"]))
        lines.append(prefix + pattern + suffix)
        if draw(st.integers(0, 6)) == 0:
            lines.append(draw(st.sampled_from(["# a", "", "*", "**", "!a", "!src/**"])))
    return "\n".join(lines) if lines else None


@st.composite
def _source(draw: st.DrawFn, paths: list[str]) -> str:
    path = draw(st.one_of(st.sampled_from(paths), _pattern(paths), st.sampled_from([*paths, ".", "./", "/"])))
    prefix = draw(st.sampled_from(["", "", "", "", "./", "/", "../", "x/../"]))
    suffix = draw(st.sampled_from(["", "", "", "", "/", "/."]))
    # A lone `$v` would be a variable without a value, which is refused by design.
    return prefix + path.replace("$", "\\$").replace("'", "\\'") + suffix


@st.composite
def _copy(draw: st.DrawFn, paths: list[str], number: int, *, single: bool) -> str:
    name = draw(st.sampled_from(["COPY", "COPY", "COPY", "ADD", "copy"]))
    sources = draw(st.lists(_source(paths), min_size=1, max_size=1 if single else 3))
    flags = ""
    if draw(st.integers(0, 4)) == 0:
        for _ in range(draw(st.integers(1, 2))):
            pattern = draw(_pattern(paths)).replace("\\\\", "").replace(" ", "?")
            flags += f" --exclude={draw(st.sampled_from(['', '', '**/', '!']))}{pattern}"
    if draw(st.integers(0, 9)) == 0:
        flags += " --link"
    target = f"/c{number}/" if len(sources) > 1 else draw(st.sampled_from([f"/c{number}/", f"/c{number}"]))
    if any(set(source) & set(' "') for source in sources) or draw(st.booleans()):
        words = ", ".join(
            '"' + source.replace("\\", "\\\\").replace('"', '\\"') + '"' for source in [*sources, target]
        )
        return f"{name}{flags} [{words}]"
    if draw(st.integers(0, 5)) == 0:
        return f"{name}{flags} \\\n  # a comment\n  {' '.join(sources)} \\\n  {target}"
    return f"{name}{flags} {' '.join(sources)} {target}"


@st.composite
def _with_variables(draw: st.DrawFn, line: str, number: int, paths: list[str]) -> list[str]:
    """The COPY with its first source handed over by a variable, in one of the ways there are."""
    path = draw(st.sampled_from(paths))
    if set(path) & set(" '\"$\\*["):
        return [line]
    head, tail = path[:1], path[1:]
    name = f"V{number}"
    lines = {
        "arg": [f"ARG {name}={path}", f"COPY ${name} /v{number}/"],
        "env": [f"ENV {name}={path} W{number}=x", f"COPY ${{{name}}} /v{number}/"],
        "over": [f"ENV {name}=gone", f"ARG {name}={path}", f"COPY ${name} /v{number}/"],
        "default": [f"ARG {name}", f"COPY ${{{name}:-{path}}} /v{number}/"],
        "set": [f"ARG {name}=x", f"COPY ${{{name}:+{path}}} /v{number}/"],
        "prefix": [f"ARG {name}=zz{path}", f"COPY ${{{name}#zz}} /v{number}/"],
        "suffix": [f"ARG {name}={path}.zz.zz", f"COPY ${{{name}%%.zz*}} /v{number}/"],
        "replace": [f"ARG {name}=@{tail}", f"COPY ${{{name}/@/{head}}} /v{number}/"],
        "given": ["ARG GIVEN", f"COPY ${{GIVEN}}/../{path} /v{number}/"],
        "global": ["ARG OUTSIDE", f"COPY ${{OUTSIDE:+{path}}} /v{number}/"],
        "platform": ["ARG TARGETARCH", f"COPY ${{TARGETARCH/amd64/.}}/{path} /v{number}/"],
        "quoted": [f'ARG {name}="{path}"', f"COPY \"${name}\" '/v{number}/'"],
    }
    return [line, *draw(st.sampled_from(list(lines.values())))]


@st.composite
def cases(draw: st.DrawFn, *, single: bool = False) -> Case:
    """A repository and its Dockerfile.

    single: one stage and one source to an instruction, so that every file shows in the result.
    """
    tree = draw(entries())
    paths = [entry.path for entry in tree]
    lines = ["ARG OUTSIDE=x"]
    names: list[str] = []
    number = 0
    for index in range(1 if single else draw(st.integers(1, 3))):
        base = draw(st.sampled_from(["scratch", *names]))
        name = draw(st.sampled_from([f"s{index}", f"S{index}"]))
        lines.append(f"FROM {base} AS {name}")
        for _ in range(draw(st.integers(1, 3))):
            number += 1
            copy = [draw(_copy(paths, number, single=single))]
            if not single:
                if draw(st.integers(0, 3)) == 0:
                    copy = draw(_with_variables(copy[0], number, paths))
                extra = draw(st.sampled_from(["", "", "", "", "heredoc", "from", "onbuild", "workdir"]))
                if extra == "heredoc":
                    copy.append(f"COPY <<EOF /h{number}/\nCOPY a b\nEOF")
                elif extra == "from" and names:
                    origin = draw(st.sampled_from([*names, *(name.upper() for name in names), "0"]))
                    copy.append(f"COPY --from={origin} / /f{number}/")
                elif extra == "onbuild":
                    copy = [f"ONBUILD {line}" for line in copy if "\n" not in line]
                elif extra == "workdir":
                    copy.append(f"WORKDIR /w{number}")
            lines += copy
        names.append(name.lower())
    return Case(
        entries=tree,
        dockerfile="\n".join(lines) + "\n",
        ignore=draw(ignore_files(paths)),
        ignore_name=draw(st.sampled_from([".dockerignore", ".dockerignore", "Dockerfile.dockerignore"])),
        target=draw(st.sampled_from([None, *names])),
        build_args={"GIVEN": "src"},
    )
