"""A function FROM the base image of Lambda runs in a container as on AWS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.build_secrets import pip_secrets
from cdk_local_aws.engine import Engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, docker
from tests.free_port import free_port
from tests.local.places import ROOT

pytestmark = pytest.mark.engine

HANDLER = """
import os, sys, time
import boto3, attrs
print("imported")

def handler(event, context):
    if "raise" in event:
        raise ValueError(event["raise"])
    return {
        "boto3": boto3.__file__,
        "attrs": attrs.__file__,
        "path": sys.path[0],
        "user": os.getuid(),
        "request": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "runtime": os.environ["AWS_EXECUTION_ENV"],
        "zone": time.tzname[0],
    }
"""
DOCKERFILE = f"""
FROM {LAMBDA_PYTHON.image}
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \\
    --mount=type=secret,id=ca_certificates,target=/run/secrets/ca_certificates \\
    pip install --no-cache-dir --root-user-action=ignore attrs==26.1.0
COPY --chmod=755 app.py ./
USER 1000
CMD ["app.handler"]
"""
Invoke = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module", autouse=True)
def stand_ins(engine: Engine) -> tuple[str, ...]:
    """Bring the base image, from the project's own archive; empty if it was pulled."""
    return ensure_base_images(engine, state=ROOT / ".local/base-images", say=print)


@pytest.fixture(scope="module")
def function_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build a function's image."""
    context = tmp_path_factory.mktemp("function")
    (context / "app.py").write_text(HANDLER)
    (context / "Dockerfile").write_text(DOCKERFILE)
    secrets = pip_secrets(tmp_path_factory.mktemp("secrets"))
    docker(engine, "build", "--network=host", "--tag=stand-in-function", *secrets, str(context))
    return "stand-in-function"


@pytest.fixture(scope="module")
def invoke(engine: Engine, function_image: str) -> Iterator[Invoke]:
    """Start the function as the emulated AWS does, and return a function that calls it."""
    address = f"127.0.0.1:{free_port()}"
    container = docker(
        engine,
        *("run", "--detach", "--network=host", "--env=AWS_LAMBDA_FUNCTION_TIMEOUT=2"),
        *("--entrypoint=/usr/local/bin/aws-lambda-rie", function_image),
        *("--runtime-interface-emulator-address", address, "/lambda-entrypoint.sh", "app.handler"),
    ).strip()

    def call(event: dict[str, Any]) -> Any:
        url = f"http://{address}/2015-03-31/functions/function/invocations"
        give_up = time.monotonic() + 10
        while True:
            try:
                with urllib.request.urlopen(url, data=json.dumps(event).encode(), timeout=20) as answer:
                    body = answer.read().decode()
                    return json.loads(body) if body.startswith("{") else body
            except urllib.error.HTTPError as answer:
                return json.load(answer)
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)

    yield call
    docker(engine, "rm", "--force", container)


def test_the_handler_runs_as_the_images_user_with_lambdas_context(invoke: Invoke) -> None:
    result = invoke({})
    assert result["user"] == 1000
    assert result["path"] == "/var/task"
    assert result["runtime"] == "AWS_Lambda_python3.13"
    assert result["zone"] == "UTC"
    assert 1000 < result["left"] <= 2000
    assert len(result["request"]) == 36


def test_packages_are_found_where_pip_put_them_and_boto3_in_the_runtime(invoke: Invoke) -> None:
    result = invoke({})
    assert result["attrs"].startswith("/var/lang/lib/python3.13/site-packages/")
    assert result["boto3"].startswith("/var/runtime/")


def test_an_exception_is_reported_with_its_type_and_place(invoke: Invoke) -> None:
    answer = invoke({"raise": "bad input"})
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "bad input")
    assert 'File "/var/task/app.py"' in answer["stackTrace"][0]


def test_without_a_handler_the_entrypoint_says_so(engine: Engine, function_image: str) -> None:
    printed = docker(
        engine,
        *("run", "--rm", "--network=host", "--entrypoint=/bin/sh", function_image, "-c"),
        "/lambda-entrypoint.sh 2>&1; echo $?",
    )
    assert printed == "entrypoint requires the handler name to be the first argument\n142\n"


def test_no_secret_of_the_build_is_left_in_the_image(engine: Engine, function_image: str) -> None:
    printed = docker(
        engine,
        *("run", "--rm", "--network=host", "--entrypoint=/bin/sh", function_image, "-c"),
        "cat /etc/pip.conf /run/secrets/* 2>/dev/null | wc --bytes",
    )
    assert printed == "0\n"


def test_the_stand_in_is_one_manifest_that_lambda_takes_and_names_no_mirror(
    engine: Engine, stand_ins: tuple[str, ...]
) -> None:
    if not stand_ins:
        pytest.skip("the registry of the base image can be reached")
    shown = json.loads(docker(engine, "image", "inspect", LAMBDA_PYTHON.image))[0]
    assert shown["Descriptor"]["mediaType"] in (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
    assert shown["Size"] < 100_000_000, "compressed"
    shell = ["run", "--rm", "--network=host", "--entrypoint=/bin/sh", LAMBDA_PYTHON.image, "-c"]
    listed = docker(engine, *shell, "ls /etc/apt /etc/pip.conf 2>/dev/null || true").split()
    assert listed == ["/etc/apt:", "apt.conf.d", "preferences.d", "sources.list.d"]
