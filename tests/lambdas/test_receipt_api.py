"""The service answers those who have the key, in JSON, and says what is wrong."""

import base64
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from flask.testing import FlaskClient

from receipt_dynamo import ReceiptTable
from services.receipt_api.api_key import ApiKey
from services.receipt_api.app import create_app
from services.receipt_api.log import JsonFormatter
from services.receipt_api.settings import Settings
from tests.free_port import free_port

from .receipts import JPEG

KEY = {"X-Api-Key": "first-key"}
ROOT = Path(__file__).parents[2]


class Clock:
    """Time that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secret_id(aws: None) -> str:
    """The id of a secret that holds `first-key`."""
    created = boto3.client("secretsmanager").create_secret(Name="api-key", SecretString="first-key")
    return str(created["ARN"])


@pytest.fixture
def client(table: ReceiptTable, secret_id: str, clock: Clock) -> FlaskClient:
    api_key = ApiKey(boto3.client("secretsmanager"), secret_id, seconds_kept=30, clock=clock)
    return create_app(table=table, api_key=api_key).test_client()


@pytest.fixture
def receipt_id(upload_images: Any, create_labels: Any, upload_event: dict[str, Any]) -> str:
    """A receipt that the two functions have stored and labelled."""
    receipt = upload_images.handler(upload_event, None)
    create_labels.handler(receipt, None)
    return str(receipt["receipt_id"])


def test_health_needs_neither_key_nor_aws() -> None:
    app = create_app(table=ReceiptTable(None), api_key=ApiKey(None, "none"))
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/receipts", "/receipts/x", "/unknown", "/health/"])
@pytest.mark.parametrize(
    "headers", [{}, {"X-Api-Key": ""}, {"X-Api-Key": "second-key"}, {"X-Api-Key": "ключ"}]
)
def test_without_the_key_the_answer_is_401(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json) == (401, {"error": "the header X-Api-Key is missing or wrong"})


def test_a_receipt_is_read_with_its_labels(
    client: FlaskClient, receipt_id: str, upload_event: dict[str, Any]
) -> None:
    answer = client.get(f"/receipts/{receipt_id}", headers=KEY)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["lines"] == upload_event["lines"]
    assert answer.json["image_key"] == f"receipts/{receipt_id}.jpg"
    assert {"line": 3, "label": "GRAND_TOTAL", "value": "1.20"} in answer.json["labels"]
    listed = client.get("/receipts", headers=KEY)
    assert listed.json == {"receipts": [answer.json], "cursor": None}


def test_the_list_is_read_page_by_page(
    client: FlaskClient, upload_images: Any, upload_event: dict[str, Any]
) -> None:
    uploaded = []
    for content in (b"one", b"two", b"three"):
        event = upload_event | {"image_base64": base64.b64encode(JPEG + content).decode()}
        uploaded.append(upload_images.handler(event, None)["receipt_id"])
    first = client.get("/receipts?limit=2", headers=KEY).json
    assert first is not None
    second = client.get("/receipts", query_string={"limit": 2, "cursor": first["cursor"]}, headers=KEY).json
    assert second is not None
    read = [found["receipt_id"] for found in first["receipts"] + second["receipts"]]
    assert read == uploaded[::-1]
    assert second["cursor"] is None


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        (f"/receipts/{'0' * 32}", 404, f"receipt not found: {'0' * 32}"),
        ("/receipts/x", 400, "receipt_id: must be 32 lower-case hexadecimal digits, got 'x'"),
        ("/receipts?limit=many", 400, "limit: must be a number, got 'many'"),
        ("/receipts?limit=0", 400, "limit: must be 1 to 50, got 0"),
        ("/receipts?limit=51", 400, "limit: must be 1 to 50, got 51"),
        ("/receipts?cursor=x", 400, "cursor: must be the cursor of the page before, unchanged, got 'x'"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(client: FlaskClient, path: str, status: int, error: str) -> None:
    answer = client.get(path, headers=KEY)
    assert (answer.status_code, answer.json) == (status, {"error": error})


def test_a_wrong_method_is_answered_in_json_with_the_methods_that_exist(client: FlaskClient) -> None:
    answer = client.post("/receipts", headers=KEY)
    assert (answer.status_code, answer.is_json) == (405, True)
    assert "GET" in answer.headers["Allow"]


def test_a_table_that_cannot_be_read_is_a_503_without_details(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    boto3.client("dynamodb").delete_table(TableName="receipts-test")
    answer = client.get("/receipts", headers=KEY)
    assert (answer.status_code, answer.json) == (503, {"error": "the store cannot be read now; try again"})
    assert "ResourceNotFoundException" in caplog.text


def test_an_unexpected_error_is_a_500_without_details(
    secret_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(table=ReceiptTable(None), api_key=ApiKey(boto3.client("secretsmanager"), secret_id))
    answer = app.test_client().get("/receipts", headers=KEY)
    assert (answer.status_code, answer.json) == (500, {"error": "internal error"})
    assert "AttributeError" in caplog.text


def test_a_rotated_key_is_taken_after_the_old_one_was_kept_for_its_time(
    client: FlaskClient, secret_id: str, clock: Clock
) -> None:
    def status(key: str) -> int:
        return client.get("/receipts", headers={"X-Api-Key": key}).status_code

    assert (status("first-key"), status("second-key")) == (200, 401)
    boto3.client("secretsmanager").put_secret_value(SecretId=secret_id, SecretString="second-key")
    clock.now += 29
    assert (status("first-key"), status("second-key")) == (200, 401)
    clock.now += 1
    assert (status("first-key"), status("second-key")) == (401, 200)


def test_each_request_is_one_line_of_json_without_the_key(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get("/health")
    client.get("/receipts", headers=KEY)
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name == "receipt_api"]
    (entry,) = map(json.loads, lines)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/receipts", 200)
    assert "first-key" not in lines[0]


def test_settings_have_defaults_for_host_and_port() -> None:
    settings = Settings.from_environment({"TABLE_NAME": "t", "API_KEY_SECRET_ARN": "a"})
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "environment: TABLE_NAME and API_KEY_SECRET_ARN must be set"),
        (
            {"TABLE_NAME": "t", "API_KEY_SECRET_ARN": "a", "PORT": "99999"},
            "PORT: must be 1 to 65535, got '99999'",
        ),
    ],
)
def test_wrong_settings_are_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Settings.from_environment(environment)


def test_the_process_serves_until_sigterm_and_then_ends_cleanly(aws: None) -> None:
    """The real process on a real port: ECS stops a task with SIGTERM and kills what does not end."""
    port = free_port()
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT}/packages/receipt_dynamo/src",
        "TABLE_NAME": "t",
        "API_KEY_SECRET_ARN": "a",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "services.receipt_api"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert _health(port) == {"status": "ok"}
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=10)
        finally:
            process.kill()
    messages = [json.loads(line)["message"] for line in output.splitlines()]
    assert (messages[-2:], process.returncode) == (["listening", "stopped"], 0)


def _health(port: int) -> Any:
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answered on port {port} within 10 s")
