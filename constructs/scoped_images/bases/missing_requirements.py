"""Finds what a workload requires itself and none of its bases installs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.utils import canonicalize_name

from scoped_images.bases.derived_base import DerivedBase
from scoped_images.workspace.package import Package

_NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)", re.MULTILINE)
# AWS documents that its images for Python have its SDK: docs.aws.amazon.com/lambda/latest/dg/python-image.html
_IN_LAMBDA_IMAGES = frozenset({canonicalize_name("boto3"), canonicalize_name("botocore")})


def missing_requirements(
    package: Package, bases: Sequence[DerivedBase], public_image: str
) -> tuple[str, ...]:
    """Return the third-party packages that a workload declares and none of its bases installs, sorted by name.

    Empty if a base has no lock file, because pip then chooses what it installs.
    """
    if not bases or any(base.requirements.text and not base.requirements.complete for base in bases):
        return ()
    target, workspace = bases[0].target, bases[0].workspace
    installed = {canonicalize_name(name) for base in bases for name in _NAME.findall(base.requirements.text)}
    if "lambda/python" in public_image:
        installed |= _IN_LAMBDA_IMAGES
    required = {
        dependency.name
        for dependency in package.requires(())
        if target.may_hold(dependency.marker) and workspace.local(package, dependency) is None
    }
    return tuple(sorted(required - installed))
