"""Decides whether a build writes its registry cache."""

from __future__ import annotations

import os

from constructs import Construct

from scoped_images.cdk.annotations import annotate_info
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.place import context_value
from scoped_images.errors import ScopedImagesError
from scoped_images.image.build_options import BuildOptions
from scoped_images.image.ci_source import CiSource, not_main
from scoped_images.image.registry_cache import RegistryCache

# Whether builds write their registry caches, for a whole app: `cdk deploy -c scoped-images:cache-export=false`.
CACHE_EXPORT = "scoped-images:cache-export"
# The branch whose builds write the main caches, where CI does not say it and it is neither `main` nor `master`.
MAIN_BRANCH = "scoped-images:main-branch"


def exports_cache(scope: Construct, options: BuildOptions, cache: RegistryCache) -> bool:
    """Return whether a build writes `cache`: not if the options or the app forbid it, or CI builds another branch."""
    given = context_value(scope, CACHE_EXPORT)
    if given not in (None, True, False, "true", "false"):
        raise ScopedImagesError(
            f"{CACHE_EXPORT}: must be true or false, got {given!r}; pass -c {CACHE_EXPORT}=false"
        )
    if given is not None or not options.cache_export:
        return options.cache_export and given in (True, "true")
    source = _ci_source(scope)
    if source is None or (cache.branch is not None and not source.is_pull_request):
        return True
    if register_of(scope).is_first("cache-export"):
        annotate_info(
            scope,
            "cache-export",
            f"cache: CI builds {source.text}, so registry caches are read and not written; {MAIN_BRANCH} in the "
            f"context names another main branch, and -c {CACHE_EXPORT}=true writes them in this build",
        )
    return False


def _ci_source(scope: Construct) -> CiSource | None:
    main_branch = context_value(scope, MAIN_BRANCH)
    if main_branch is not None and (not isinstance(main_branch, str) or not main_branch):
        raise ScopedImagesError(
            f'{MAIN_BRANCH}: must be the name of a branch, got {main_branch!r}; write "{MAIN_BRANCH}": "develop"'
        )
    return not_main(os.environ, main_branch)
