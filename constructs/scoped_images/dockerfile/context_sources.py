"""What one target of a Dockerfile reads of its build contexts."""

from __future__ import annotations

from scoped_images.dockerfile.copy_sources import context_path
from scoped_images.dockerfile.evaluation import unknown_value_message
from scoped_images.dockerfile.findings import Findings
from scoped_images.dockerfile.frontend import foreign_frontend
from scoped_images.dockerfile.parse import ParsedDockerfile, parse_dockerfile
from scoped_images.dockerfile.sources import ContextSources, Source
from scoped_images.dockerfile.target_options import DEFAULT_OPTIONS, TargetOptions
from scoped_images.dockerfile.target_reading import read_target
from scoped_images.dockerfile.variables import Unknown
from scoped_images.errors import ScopedImagesError


def context_sources(
    content: bytes | str, options: TargetOptions = DEFAULT_OPTIONS, *, name: str = "Dockerfile"
) -> ContextSources:
    """Return what the instructions that the target needs read of the build contexts.

    name: of the Dockerfile, for messages.

    Raises ScopedImagesError for a malformed Dockerfile, an unknown target, and a source that depends on a variable
    without a value. ONBUILD instructions of base images outside the Dockerfile are not seen.
    """
    parsed = parse_dockerfile(content, name=name)
    findings = read_target(parsed, options)
    _refuse_unknown_bases(parsed, findings, options)
    if findings.unknown_sources and not options.include:
        raise ScopedImagesError(findings.unknown_sources[0])
    return ContextSources(
        dockerfile=name,
        sources=(
            *sorted(findings.sources, key=lambda source: source.line),
            *(
                Source(path=context_path(path), line=0, instruction="include", written=path)
                for path in options.include
            ),
        ),
        named={name: tuple(sources) for name, sources in sorted(findings.named_sources.items())},
        warnings=(*_frontend_warnings(parsed, options), *findings.unknown_sources),
    )


def _refuse_unknown_bases(parsed: ParsedDockerfile, findings: Findings, options: TargetOptions) -> None:
    for stage in findings.unknown_bases:
        # It may be the name of an earlier stage or of a build context, and then what that reads counts.
        if isinstance(stage.base, Unknown) and (stage.index or options.build_contexts):
            raise parsed.error(stage.line, unknown_value_message(parsed, "FROM", stage.base.name))


def _frontend_warnings(parsed: ParsedDockerfile, options: TargetOptions) -> list[str]:
    frontend = foreign_frontend(parsed.syntax, options.build_args)
    return (
        [f"{parsed.name}: `{frontend}` is not docker/dockerfile; what it reads may differ"]
        if frontend
        else []
    )
