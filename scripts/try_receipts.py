"""Uploads a receipt, labels it, and reads it back over HTTP: `python -m scripts.try_receipts ENV FILE`."""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from stacks.environment import AppEnvironment

LINES = [
    "CORNER SHOP",
    "12 High Street",
    "2026-11-02 14:03",
    "Bread 2.40",
    "Cheese 8.10",
    "Tax 0.50",
    "TOTAL 11.00",
]


# A picture of one pixel.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
)


def png(seed: bytes) -> bytes:
    """Return a picture; each `seed` makes another receipt. Decoders ignore what follows its end."""
    return _PNG + seed


def invoke(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke a function and return its answer; an error ends the program."""
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        sys.exit(f"{function} failed: {payload.get('errorMessage', payload)}")
    return payload


def get(url: str, key: str) -> Any:
    """GET JSON with the API key; a refusal ends the program."""
    request = urllib.request.Request(url, headers={"X-Api-Key": key})  # noqa: S310 - http(s) by our own output
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"GET {url}: {error.code} {error.reason}: {error.read(500).decode(errors='replace')}")
    except urllib.error.URLError as error:
        sys.exit(
            f"GET {url}: {error.reason}. Without certificate_arn and domain_name the service answers inside its VPC only"
        )


def main() -> None:
    """Run the three steps and print each."""
    env, file = sys.argv[1], Path(sys.argv[2])
    if not file.exists():
        sys.exit(f"{file}: file not found; run make deploy{'' if env == 'local' else f' ENV={env}'} first")
    outputs = json.loads(file.read_text())
    environments = json.loads(Path("cdk.json").read_text())["context"]["environments"]
    boto3.setup_default_session(region_name=AppEnvironment.read(environments, env).region)
    values = {name: value for stack in outputs.values() for name, value in stack.items()}
    url = address(values["ApiUrl"])
    key = boto3.client("secretsmanager").get_secret_value(SecretId=values["ApiKeySecret"])["SecretString"]

    image = base64.b64encode(png(os.urandom(8))).decode()
    uploaded = invoke(
        values["UploadImagesFunction"], {"image_base64": image, "content_type": "image/png", "lines": LINES}
    )
    print(f"uploaded  {uploaded['receipt_id']}")
    labelled = invoke(values["CreateLabelsFunction"], {"receipt_id": uploaded["receipt_id"]})
    print(f"labelled  {', '.join(label['label'] for label in labelled['labels'])}")
    print(f"GET       {url}/receipts/{uploaded['receipt_id']}")
    print(json.dumps(get(f"{url}/receipts/{uploaded['receipt_id']}", key), indent=2))


def address(url: str) -> str:
    """Return the URL to call; the emulated AWS serves load balancers under its own address."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint is None:
        return url
    # Imported here, because a deployment to AWS does not need the local environment's packages.
    from cdk_local_aws.environment import local_url  # noqa: PLC0415

    return local_url(url.removeprefix("http://"), int(endpoint.rpartition(":")[2]))


if __name__ == "__main__":
    try:
        main()
    except BotoCoreError as error:
        sys.exit(f"AWS: {error}")
