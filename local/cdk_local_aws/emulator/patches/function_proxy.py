"""Sends the HTTPS of `provided` runtimes through the TLS front, because their binaries use AWS's host names.

Python and Node functions do not need it: their AWS SDKs follow AWS_ENDPOINT_URL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ministack.services import lambda_svc


def apply(proxy_port: int, authority: Path) -> None:
    """Add the proxy and its certificate authority to the environment of these functions."""
    stock_environment = lambda_svc._provided_worker_env

    def environment(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        variables: dict[str, str] = stock_environment(config, code_dir, port)
        own = config.get("Environment", {}).get("Variables", {})
        proxy = {
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(authority),
        }
        return {**variables, **{name: value for name, value in proxy.items() if name not in own}}

    lambda_svc._provided_worker_env = environment
