"""Answers with the registry's login and with signed addresses of layers.

Stock ministack gives everybody the same password, and puts layers at a host name of AWS.
"""

from __future__ import annotations

import base64
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from cdk_local_aws.emulator.blob_store import BlobStore, RepositoryKey
from cdk_local_aws.emulator.keys import REGISTRY_USER, Keys
from cdk_local_aws.emulator.patches.ecr_images import Response, answer, error, missing_repository
from cdk_local_aws.emulator.settings import EmulatorSettings

LOGIN_SECONDS = 12 * 3600


def apply(settings: EmulatorSettings, keys: Keys, store: BlobStore) -> None:
    """Answer both calls in place of ministack."""

    def get_authorization_token(data: dict[str, Any]) -> Response:  # noqa: ARG001
        login = f"{REGISTRY_USER}:{keys.registry_password}".encode()
        authorization = {
            "authorizationToken": base64.b64encode(login).decode(),
            "expiresAt": int(time.time()) + LOGIN_SECONDS,
            "proxyEndpoint": f"https://{host()}",
        }
        return answer({"authorizationData": [authorization]})

    def get_download_url_for_layer(data: dict[str, Any]) -> Response:
        name, digest = data.get("repositoryName", ""), data.get("layerDigest", "")
        if (missing := missing_repository(name)) is not None:
            return missing
        if store.find(RepositoryKey(get_account_id(), get_region(), name), digest) is None:
            text = f"The layer with digest '{digest}' does not exist within the repository with name '{name}'"
            return error(400, "LayersNotFoundException", text)
        address = settings.endpoint + keys.signed_layer(f"/v2/{name}/blobs/{digest}", host())
        return answer({"downloadUrl": address, "layerDigest": digest})

    ecr._get_authorization_token = get_authorization_token
    ecr._get_download_url_for_layer = get_download_url_for_layer


def host() -> str:
    """Return ECR's name for the registry of this request's account and region."""
    return f"{get_account_id()}.dkr.ecr.{get_region()}.amazonaws.com"
