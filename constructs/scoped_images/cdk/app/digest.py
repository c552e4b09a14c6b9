"""The digest of an image, which only the deploy knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A digest that is known when the stack deploys.

    digest: begins with a literal `sha256:`, which makes CDK write `@sha256:…` and not `:sha256…`.
    logical_id: of the resource that finds the digest.
    attribute: of that resource, by which templates name the image. Empty where all its attributes do.
    """

    digest: str
    logical_id: str
    attribute: str
