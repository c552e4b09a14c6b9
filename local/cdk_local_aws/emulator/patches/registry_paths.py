"""Recognizes the registry's paths whatever the repository's name is.

Stock ministack takes every path below `/v2/email` for SES, so nobody can push to a repository `email` or `emailservice`.
It also ends a repository's name at the first `blobs`, `manifests` or `tags` in the path.
"""

from __future__ import annotations

import re
from typing import Any

from ministack import app as ministack_app
from ministack.services import ecr

# The last such word in the path ends the name, because tags, digests and upload ids have no slash.
_PATH = re.compile(r"/v2/(?P<name>.+)/(?:manifests/(?P<ref>[^/]+)|tags/list|blobs/(?:uploads/[^/]*/?|[^/]+))")


def apply() -> None:
    """Let the registry's paths win over those of other services."""
    stock_is_path, stock_ses = ministack_app._is_ecr_registry_path, ministack_app._handle_ses_v2_request
    stock_parse = ecr._parse_v2_path

    def is_registry_path(path: str) -> bool:
        return _PATH.fullmatch(path) is not None or stock_is_path(path)

    async def handle_ses(method: str, path: str, *rest: Any) -> Any:
        return None if _PATH.fullmatch(path) else await stock_ses(method, path, *rest)

    def parse(path: str) -> Any:
        match = _PATH.fullmatch(path)
        if match and match["ref"]:
            return "manifest", match["name"], match["ref"]
        if match and path.endswith("/tags/list"):
            return "tags_list", match["name"], ""
        return stock_parse(path)  # the root and the catalog; RegistryBlobs answers for blobs

    ministack_app._is_ecr_registry_path = is_registry_path
    ministack_app._handle_ses_v2_request = handle_ses
    ecr._parse_v2_path = parse
