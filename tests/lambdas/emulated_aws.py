"""Emulated AWS in process: moto, with dummy keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto import mock_aws


def use_dummy_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint, profile or file of the person who runs the tests."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@contextmanager
def emulated_aws(session: boto3.Session) -> Iterator[pytest.MonkeyPatch]:
    """Emulate AWS in this process; no call leaves it."""
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        use_dummy_keys(monkeypatch)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        yield monkeypatch
