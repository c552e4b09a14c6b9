"""Makes the build secrets that let `pip install` in a build use the same index as the user's own pip."""

from __future__ import annotations

import ast
import configparser
import functools
import io
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_files import write_private

CERTIFICATES_IN_BUILD = "/run/secrets/ca_certificates"
MAX_SECRET_BYTES = 500 * 1024  # BuildKit's limit, solver/llbsolver/ops: secrets.MaxSecretSize

# Builds need the settings for the source of packages; the others are for the user's own installs.
SINGLE = ("index-url", "timeout", "retries", "proxy")
SEVERAL = ("extra-index-url", "find-links", "trusted-host")
ADDRESSES = ("index-url", "extra-index-url", "find-links")


def pip_secrets(state: Path) -> list[str]:
    """Return a build's `--secret` arguments: the user's index settings as pip.conf, and the certificates to trust.

    Raises LocalError if the certificates are too large for a secret.
    """
    settings = user_settings()
    certificates = trusted_certificates(settings, os.environ)
    size = certificates.stat().st_size
    if size > MAX_SECRET_BYTES:
        raise LocalError(
            f"{certificates}: a build secret has {MAX_SECRET_BYTES} bytes at most, got {size}; set PIP_CERT to a file "
            "with only the certificates of the package index"
        )
    written = state / "pip.conf"
    # An index address may have a password.
    write_private(written, pip_conf(settings, proxy=urllib.request.getproxies().get("https")))
    return [
        f"--secret=id=pip_conf,src={written}",
        f"--secret=id=ca_certificates,src={certificates}",
    ]


@functools.cache
def user_settings() -> Mapping[str, str]:
    """Return the user's pip settings by name, from files and variables; raise LocalError if pip cannot read them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise LocalError(f"pip cannot read its own configuration:\n{listed.stderr.strip()}")
    return parse_settings(listed.stdout)


def parse_settings(listed: str) -> dict[str, str]:
    """Parse the output of `pip config list`; a variable wins over `install`, and `install` over `global`."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if separator and section in sections:
            sections[section][name] = str(ast.literal_eval(value))
    merged = sections["global"] | sections["install"] | sections[":env:"]
    if "default-timeout" in merged:  # the name of PIP_DEFAULT_TIMEOUT, which pip takes for --timeout
        merged.setdefault("timeout", merged["default-timeout"])
    return merged


def pip_conf(settings: Mapping[str, str], *, proxy: str | None) -> str:
    """Return a pip.conf with the settings that are valid in a container too."""
    kept: dict[str, str] = {"cert": CERTIFICATES_IN_BUILD}
    if proxy:
        kept["proxy"] = proxy  # a build does not inherit HTTPS_PROXY
    for name in (*SINGLE, *SEVERAL):
        values = settings.get(name, "").split()
        if name in ADDRESSES:  # a container lacks this machine's folders
            values = [value for value in values if value.startswith(("https://", "http://"))]
        if values:
            kept[name] = "\n".join(values)
    # Raw, because a password in an index address may have a percent sign.
    parser = configparser.RawConfigParser()
    parser["global"] = kept
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def trusted_certificates(settings: Mapping[str, str], environment: Mapping[str, str]) -> Path:
    """Return the bundle that pip trusts here, else the system's, else pip's own."""
    named = [
        settings.get("cert"),
        *(environment.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")),
        ssl.get_default_verify_paths().cafile,
    ]
    for path in filter(None, named):
        if Path(path).is_file():
            return Path(path)
    from pip._vendor import certifi  # noqa: PLC0415 (private to pip, so the last resort)

    return Path(certifi.where())
