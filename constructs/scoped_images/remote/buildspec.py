"""The buildspec of one image's project: CodeBuild's phases around one `docker buildx build`.

Every word that a user can choose is quoted for bash. JSON is valid YAML, so no YAML library is needed.
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scoped_images.ecr.hosts import RegistryHost
from scoped_images.errors import ScopedImagesError
from scoped_images.remote.build_request import BuildRequest
from scoped_images.remote.image_project import PUBLISHED_TAG, late_variable, secret_variable

DIGEST_VARIABLE = "IMAGE_DIGEST"
# Of an inline buildspec, in characters. AWS does not document it: https://github.com/aws/aws-cdk/pull/14974
MAX_LENGTH = 25_600

_BUILDER = "scoped-images"
_READ_DIGEST = r"""sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' metadata.json"""
# The rights of a role that was made a moment ago may not have spread yet.
_DOWNLOAD_ATTEMPTS = "1 2 3 4 5 6"


@dataclass(frozen=True)
class Expansion:
    """A word whose end is the value of an environment variable."""

    prefix: str
    variable: str


Word = str | Expansion


def refuse_long_buildspec(request: BuildRequest) -> None:
    """Raise ScopedImagesError for a buildspec that is too long for CodeBuild."""
    # As CDK writes it.
    length = len(json.dumps(buildspec(request), indent=2))
    if length > MAX_LENGTH:
        longest = max(request.build_args, key=lambda name: len(request.build_args[name]), default="none")
        raise ScopedImagesError(
            f"buildspec of {request.repository!r}: CodeBuild takes {MAX_LENGTH} characters, got {length}, most of them "
            f"for the build argument {longest!r}; have the build read long values from a file of its context"
        )


def buildspec(request: BuildRequest) -> dict[str, Any]:
    """Return phases that download, verify and unpack the context, log in, build and push; the digest is exported."""
    return {
        "version": "0.2",
        "env": {"shell": "bash", "exported-variables": [DIGEST_VARIABLE]},
        "phases": {
            "pre_build": {
                "commands": [
                    'cd "$(mktemp -d)" && mkdir source',
                    _download(request),
                    _verify(request),
                    # As they are in the archive, but root's: tar drops a leading slash, refuses `..`, and makes
                    # links that lead outside only when everything else is written.
                    "tar --extract --file source.tar --directory source --no-same-owner",
                    *_logins(request),
                    _create_builder(request),
                ]
            },
            "build": {
                # After a failed build there is no digest, and nothing to do.
                "on-failure": "ABORT",
                "commands": [
                    _join(build_command(request)),
                    f'export {DIGEST_VARIABLE}="$({_READ_DIGEST})" && test -n "${DIGEST_VARIABLE}" && '
                    f'echo pushed {shlex.quote(request.repository)}@"${DIGEST_VARIABLE}"',
                ],
            },
        },
    }


def build_command(request: BuildRequest) -> list[Word]:
    """Return the words of `docker buildx build`, the same options as a local build's."""
    words: list[Word] = ["docker", "buildx", "build", "--progress=plain"]
    # An attestation makes an index of the image, which Lambda refuses.
    words += ["--provenance=false", "--sbom=false"]
    words += ["--platform", request.platform, "--file", f"source/context/{request.dockerfile}"]
    words += ["--target", request.target] if request.target else []
    words += ["--network", request.network] if request.network else []
    words += ["--no-cache"] if request.no_cache else []
    uri = request.repository_uri
    words += ["--tag", Expansion(f"{uri}:", PUBLISHED_TAG) if request.late_args else f"{uri}:{request.tag}"]
    for name, value in sorted(request.build_args.items()):
        words += ["--build-arg", f"{name}={value}"]
    for name in sorted(request.late_args):
        words += ["--build-arg", Expansion(f"{name}=", late_variable(name))]
    folders = {name: f"source/{folder}" for name, folder in request.folder_contexts.items()}
    for name, place in sorted({**folders, **request.image_contexts}.items()):
        words += ["--build-context", f"{name}={place}"]
    for number, secret in enumerate(sorted(request.secrets)):
        words += ["--secret", f"id={secret},env={secret_variable(number)}"]
    for cache in request.cache_from:
        words += ["--cache-from", cache]
    words += ["--cache-to", request.cache_to] if request.cache_to else []
    # Push only: an engine that also stored the image would have to download its base, and two builds of one tag on
    # one engine can both try to create it there. The media types are a local build's: one spec, one digest.
    output = "type=image,push=true,unpack=false,store=false,oci-mediatypes=false"
    words += ["--output", output]
    return [*words, "--metadata-file", "metadata.json", "source/context"]


def _download(request: BuildRequest) -> str:
    copy = _join(
        ["aws", "s3", "cp", "--only-show-errors", f"s3://{request.archive_bucket}/{request.archive_key}"]
    )
    return (
        f"for attempt in {_DOWNLOAD_ATTEMPTS}; do {copy} source.tar.gz && break; sleep 5; done; "
        "test -f source.tar.gz"
    )


def _verify(request: BuildRequest) -> str:
    """Uncompress the archive, and fail unless it is the one that synth wrote."""
    expected = shlex.quote(f"{request.archive_sha256}  source.tar")
    return (
        f"gzip --decompress source.tar.gz && echo {expected} | sha256sum --check --status || "
        "{ echo the archive of the build context is not the one that was synthesized >&2; false; }"
    )


def _logins(request: BuildRequest) -> list[str]:
    commands = []
    for registry in request.registries:
        host = RegistryHost.parse(registry)
        if host is not None:
            commands.append(
                f"set -o pipefail; aws ecr get-login-password --region {host.region} | "
                f"docker login --username AWS --password-stdin {registry}"
            )
    return commands


def _create_builder(request: BuildRequest) -> str:
    words = ["docker", "buildx", "create", "--name", _BUILDER, "--driver", "docker-container", "--use"]
    if request.buildkit_image:
        words += ["--driver-opt", f"image={request.buildkit_image}"]
    return _join(words)


def _join(words: Iterable[Word]) -> str:
    """Quote words for bash, as printable ASCII.

    YAML has no control characters, and no pairs of `\\u` for characters beyond the basic plane.
    """
    return " ".join(map(_quoted, words))


def _quoted(word: Word) -> str:
    if isinstance(word, Expansion):
        return f'{_quoted(word.prefix)}"${word.variable}"'
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in word.encode()
    )
    return f"$'{''.join(plain)}'"
