"""The CDK_DOCKER program, run as CDK runs it, with a docker that prints its input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "local" / "cdk_local_aws" / "cdk-docker"
ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
HERE = "127.0.0.1:4711"


@pytest.fixture
def echo_docker(tmp_path: Path) -> Path:
    """A docker that prints its arguments and standard input as JSON and ends with code 7."""
    docker = tmp_path / "docker"
    docker.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        "json.dump({'argv': sys.argv[1:], 'stdin': sys.stdin.read()}, sys.stdout)\n"
        "raise SystemExit(7)\n"
    )
    docker.chmod(0o755)
    return docker


def run(docker: Path, *arguments: str, stdin: str = "", **environment: str) -> dict[str, object]:
    """Run the program; return docker's input, the exit code and standard error."""
    result = subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "LOCAL_AWS_PYTHON": sys.executable,
            "LOCAL_AWS_REGISTRY_PORT": "4711",
            "LOCAL_AWS_DOCKER": str(docker),
            **environment,
        },
    )
    return {"code": result.returncode, "stderr": result.stderr, **json.loads(result.stdout or "{}")}


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (["tag", "cdkasset-1", f"{ECR}/repo:tag"], ["tag", "cdkasset-1", f"{HERE}/repo:tag"]),
        (["push", f"{ECR}/repo:tag"], ["push", f"{HERE}/repo:tag"]),
        (["pull", f"{ECR}/team/repo@sha256:ab"], ["pull", f"{HERE}/team/repo@sha256:ab"]),
        (["inspect", "cdkasset-1"], ["inspect", "cdkasset-1"]),
        (["push", "999999999999.dkr.ecr.eu-west-3.amazonaws.com/r:t"], ["push", f"{HERE}/r:t"]),
        (["pull", "public.ecr.aws/lambda/python:3.13"], ["pull", "public.ecr.aws/lambda/python:3.13"]),
    ],
)
def test_ecr_names_become_the_registry_on_loopback(
    echo_docker: Path, given: list[str], seen: list[str]
) -> None:
    assert run(echo_docker, *given)["argv"] == seen


def test_a_build_has_every_reference_mapped_and_the_host_network_and_the_build_secrets(
    echo_docker: Path,
) -> None:
    saw = run(
        echo_docker,
        *["build", "--build-arg", f"BASE_IMAGE_URI={ECR}/base:sha-1"],
        *["--build-context", f"base=docker-image://{ECR}/base:sha-1"],
        *["--tag", "cdkasset-1", "--cache-from", f"type=registry,ref={ECR}/r:cache-amd64"],
        *["--cache-to", f"type=registry,ref={ECR}/r:cache-amd64,mode=max", "."],
        LOCAL_AWS_BUILD_ARGUMENTS='["--secret", "id=pip_conf,src=/s/pip.conf"]',
    )
    assert saw["argv"] == [
        *["build", "--network", "host", "--secret", "id=pip_conf,src=/s/pip.conf"],
        *["--build-arg", f"BASE_IMAGE_URI={HERE}/base:sha-1"],
        *["--build-context", f"base=docker-image://{HERE}/base:sha-1"],
        *["--tag", "cdkasset-1", "--cache-from", f"type=registry,ref={HERE}/r:cache-amd64"],
        *["--cache-to", f"type=registry,ref={HERE}/r:cache-amd64,mode=max", "."],
    ]


def test_a_stand_in_replaces_the_digest_or_mirror_of_its_image(echo_docker: Path) -> None:
    """It has another digest, and no mirror has it."""
    image, other = "public.ecr.aws/lambda/python:3.13", "public.ecr.aws/docker/library/busybox:1"
    pin = f"@sha256:{'0' * 64}"
    saw = run(
        echo_docker,
        *["build", "--build-context", f"{image}=docker-image://public.ecr.aws/lambda/python{pin}"],
        *[f"--build-context={image}=docker-image://{ECR}/ecr-public/lambda/python:3.13"],
        *["--build-context", f"{other}=docker-image://public.ecr.aws/docker/library/busybox{pin}", "."],
        LOCAL_AWS_STAND_INS=json.dumps([image]),
    )
    assert saw["argv"] == [
        *["build", "--network", "host", "--build-context", f"{image}=docker-image://{image}"],
        *[f"--build-context={image}=docker-image://{image}"],
        *["--build-context", f"{other}=docker-image://public.ecr.aws/docker/library/busybox{pin}", "."],
    ]


BAKE = {
    "group": {"default": {"targets": ["x"]}},
    "target": {
        "x": {
            "tags": [f"{ECR}/x:1"],
            "contexts": {f"{ECR}/base:1": "target:base", "p:1": "docker-image://p@sha256:1"},
        },
        "base": {"network": "none", "secret": ["id=a,env=A"]},
    },
}


def test_a_bake_gets_in_each_target_what_a_build_gets(echo_docker: Path, tmp_path: Path) -> None:
    file = tmp_path / "bake.json"
    file.write_text(json.dumps(BAKE))
    saw = run(
        echo_docker,
        *["buildx", "bake", "--file", str(file), "--progress=rawjson"],
        LOCAL_AWS_BUILD_ARGUMENTS='["--secret=id=pip_conf,src=/s/pip.conf"]',
        LOCAL_AWS_STAND_INS='["p:1"]',
    )
    assert saw["argv"] == ["buildx", "bake", "--file", "-", "--progress=rawjson"]
    assert json.loads(str(saw["stdin"]))["target"] == {
        "x": {
            "tags": [f"{HERE}/x:1"],
            "contexts": {f"{HERE}/base:1": "target:base", "p:1": "docker-image://p:1"},
            "network": "host",
            "secret": ["id=pip_conf,src=/s/pip.conf"],
        },
        "base": {"network": "none", "secret": ["id=a,env=A", "id=pip_conf,src=/s/pip.conf"]},
    }


def test_a_bake_that_asks_for_rights_may_use_the_host_s_network(echo_docker: Path, tmp_path: Path) -> None:
    echo_docker.write_text(
        echo_docker.read_text().replace(
            "import json, sys\n",
            "import json, sys\nif '--help' in sys.argv: sys.exit(print('  --allow stringArray'))\n",
        )
    )
    file = tmp_path / "bake.json"
    file.write_text(json.dumps(BAKE))
    saw = run(echo_docker, "buildx", "bake", "--file", str(file))
    assert saw["argv"] == ["buildx", "bake", "--file", "-", "--allow=network.host"]


def test_a_network_that_the_app_asks_for_is_kept(echo_docker: Path) -> None:
    assert run(echo_docker, "build", "--network", "none", ".")["argv"] == ["build", "--network", "none", "."]


def test_login_goes_to_loopback_with_its_password_on_standard_input(echo_docker: Path) -> None:
    saw = run(
        echo_docker, *["login", "--username", "AWS", "--password-stdin", f"https://{ECR}"], stdin="secret"
    )
    assert saw["argv"] == ["login", "--username", "AWS", "--password-stdin", HERE]
    assert saw["stdin"] == "secret"


def test_the_exit_code_of_docker_is_kept(echo_docker: Path) -> None:
    saw = run(echo_docker, "inspect", "cdkasset-1")
    assert (saw["argv"], saw["code"]) == (["inspect", "cdkasset-1"], 7)


def test_without_a_port_the_error_says_what_to_do(echo_docker: Path) -> None:
    saw = run(echo_docker, "inspect", "x", LOCAL_AWS_REGISTRY_PORT="")
    assert saw["stderr"] == (
        "cdk-docker: LOCAL_AWS_REGISTRY_PORT: not a port, got ''; run CDK through `cdk-local run --`, "
        "or unset CDK_DOCKER to use docker itself\n"
    )
    assert "argv" not in saw


def test_a_missing_docker_is_named(tmp_path: Path) -> None:
    saw = run(tmp_path / "no-docker", "inspect", "x")
    assert saw["stderr"] == (
        "cdk-docker: LOCAL_AWS_DOCKER: cannot run docker (No such file or directory), "
        f"got '{tmp_path}/no-docker'\n"
    )
