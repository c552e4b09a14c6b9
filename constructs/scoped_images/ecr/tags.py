"""The tags that this library puts on images, and how to recognise them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from scoped_images.ecr.tag_pattern import matches
from scoped_images.errors import ScopedImagesError

# 128 bits. Whoever finds two contents with one tag (a birthday attack) decides what runs for both, and 48 bits
# took eight minutes on one core.
DIGITS = 32
# The tag's own digits already bind the expressions; these tell the values of one expression apart.
LATE_DIGITS = 16

STABLE = "stable"

# ECR's tag patterns, for rules of repositories. They match more than our own tags: to recognise a tag of ours, use
# the functions below.
CONTENT_PATTERN = "sha-*"
GIT_PATTERN = "git-*"
CACHE_PATTERN = "cache*"
MAIN_CACHE_PATTERN = "cache-linux-*"
PULL_REQUEST_CACHE_PATTERN = "cache-pr-*"
MOVING_PATTERNS = (CACHE_PATTERN, GIT_PATTERN, STABLE)
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
MAX_MOVING_PATTERNS = 5

_CONTENT = re.compile(rf"sha-[0-9a-f]{{{DIGITS}}}(?:-[0-9a-f]{{{LATE_DIGITS}}})?")
_GIT = re.compile(rf"git-[0-9a-f]{{{DIGITS}}}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ASSET_HASH = re.compile(r"[0-9a-f]{64}")
# cosign and the OCI referrers tag schema: `sha256-<digest>` with or without `.sig`, `.att`, `.sbom`.
_ATTACHMENT = re.compile(r"sha256-([0-9a-f]{64})(?:\.\w+)?")
_LONG_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")


def content_tag(fingerprint: str) -> str:
    """Return the tag of an image whose content has this SHA-256, in hex."""
    return f"sha-{fingerprint[:DIGITS]}"


def late_content_tag(tag: str, values: Mapping[str, str]) -> str:
    """Return the content tag `tag` with a suffix for the values that only the deploy knows."""
    text = json.dumps(dict(values), sort_keys=True)
    return f"{tag}-{hashlib.sha256(text.encode()).hexdigest()[:LATE_DIGITS]}"


def git_tag(commit: str) -> str:
    """Return the tag of an image whose files are those of `commit`, in hex."""
    return f"git-{commit[:DIGITS]}"


def cache_tag(platform: str, branch: str | None = None, name: str | None = None) -> str:
    """Return the tag of a build cache.

    platform: as part of a tag, `linux-amd64`.
    branch: None for the main cache. It comes first, so that one pattern finds every cache of pull requests.
    name: None for the only image of a repository.
    """
    return "-".join(filter(None, ("cache", branch, name, platform)))


def expect_moving_tag(tag: object, *, name: str) -> str:
    """Return a tag that may move from image to image; raise ScopedImagesError for one that means something else."""
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise ScopedImagesError(
            f"{name}: must be a tag of 1-128 letters, digits, '.', '_' and '-', got {tag!r}; use a name such as 'dev'"
        )
    for pattern in (CONTENT_PATTERN, *MOVING_PATTERNS):
        if matches(pattern, tag):
            raise ScopedImagesError(
                f"{name}: {pattern!r} is the library's own, got {tag!r}; use another name, such as 'dev'"
            )
    if is_asset_hash(tag) or subject_of_tag(tag) is not None:
        means = "CDK's assets have such tags" if is_asset_hash(tag) else "signatures of images have such tags"
        raise ScopedImagesError(f"{name}: {means}, got {tag!r}; use another name, such as 'dev'")
    return tag


def is_content_tag(tag: str) -> bool:
    """Return whether `tag` is exactly what content_tag or late_content_tag makes."""
    return _CONTENT.fullmatch(tag) is not None


def is_git_tag(tag: str) -> bool:
    """Return whether `tag` is exactly what git_tag makes."""
    return _GIT.fullmatch(tag) is not None


def is_asset_hash(tag: str) -> bool:
    """Return whether `tag` has the form of CDK's asset hashes."""
    return _ASSET_HASH.fullmatch(tag) is not None


def subject_of_tag(tag: str) -> str | None:
    """Return the digest of the image that a tag such as `sha256-<hex>.sig` names."""
    match = _ATTACHMENT.fullmatch(tag)
    return f"sha256:{match[1]}" if match else None


def short_tag(tag: str) -> str:
    """Return `tag` for a table: a long hash, ours or of a CDK asset, is cut to 12 digits."""
    return _LONG_HASH.sub(r"\1…", tag)
