"""The apps of examples/, copied as a newcomer does, and deployed with the built wheel from an environment of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from cdk_local_aws.environment import local_url
from tests.docs.pages import SHELL, all_blocks, blocks
from tests.docs.shell import commands
from tests.e2e.deployment import Deployment
from tests.e2e.places import APPS, ROOT, NewDeployment
from tests.package.installation import build_wheel, install_wheel

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Newcomer:
    """Somebody with the wheel in a virtual environment and a copy of the examples."""

    deployment: Deployment
    environment: Path

    def run(self, example: str, *command: str) -> str:
        """Run a command in an example's folder; its output."""
        variables = self.deployment.variables()
        path = os.pathsep.join([str(self.environment / "bin"), variables["PATH"]])
        done = subprocess.run(
            command,
            cwd=self.folder(example),
            env={**variables, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout + done.stderr

    def deploy(self, example: str, *options: str) -> str:
        """Deploy every stack, those in stages too."""
        return self.run(example, "cdk", "deploy", "**", "--require-approval", "never", *options)

    def folder(self, example: str) -> Path:
        return self.deployment.project / example

    def invoke(self, function: str, **event: Any) -> Any:
        answer = self.deployment.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def image_of(self, function: str) -> str:
        """The image that a function runs, by its digest."""
        code = self.deployment.client("lambda").get_function(FunctionName=function)["Code"]
        uri: str = code["ResolvedImageUri"]
        return uri


@pytest.fixture(scope="module")
def newcomer(new_deployment: NewDeployment, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """With one local AWS for all examples, in which nothing is deployed yet."""
    folder = tmp_path_factory.mktemp("examples")
    environment = install_wheel(build_wheel(folder), folder / "venv")
    return Newcomer(new_deployment(str(ROOT / "examples")), environment)


def test_one_function_deploys_and_answers(newcomer: Newcomer) -> None:
    newcomer.deploy("one-function")
    assert newcomer.invoke("greet", name="you") == "Hello, you"


def test_a_stock_app_is_converted_in_place(newcomer: Newcomer) -> None:
    newcomer.deploy("from-stock", "--app", "python before.py")
    before = newcomer.image_of("dev-upload")
    diff = newcomer.run("from-stock", "cdk", "diff", "**")
    assert recorded_diff(diff) == (ROOT / "examples/from-stock/cdk-diff.txt").read_text()
    newcomer.deploy("from-stock")
    assert newcomer.image_of("dev-upload") == before, "the same image: stock sent files that it does not have"
    assert newcomer.invoke("dev-upload", cents=1999) == "19.99 EUR"
    (balancer,) = newcomer.deployment.client("elbv2").describe_load_balancers()["LoadBalancers"]
    url = local_url(balancer["DNSName"], newcomer.deployment.env.port)
    with urllib.request.urlopen(f"{url}/", timeout=20) as answer:
        assert answer.read() == b"2.50 EUR"


def recorded_diff(output: str) -> str:
    """What `cdk diff` says of the stacks, without hashes."""
    stacks = output[output.index("Stack dev/App") : output.index("✨")]
    return re.sub(r"\b[0-9a-f]{64}\b", "<hash>", stacks).strip() + "\n"


def test_every_environment_of_a_monorepo_deploys(newcomer: Newcomer) -> None:
    settings = newcomer.folder("monorepo") / "cdk.json"
    # The local AWS is one account.
    settings.write_text(re.sub(r"\d{12}", newcomer.deployment.env.account, settings.read_text()))
    newcomer.deploy("monorepo", "--concurrency", "2")
    for environment in ("dev", "prod"):
        assert newcomer.invoke(f"checkout-{environment}", items=[100, 150]) == "to pay: 2.50 EUR"
        assert newcomer.invoke(f"report-{environment}", cents=999) == "sold today: 9.99 EUR"
        tags = newcomer.deployment.tags(f"base-money-{environment}")
        assert {tag.partition("-")[0] for tag in tags} == {"sha", "stable", "cache"}


def test_a_release_is_verified_and_rolled_back_as_the_pages_say(newcomer: Newcomer) -> None:
    first = newcomer.image_of("checkout-dev")
    handler = newcomer.folder("monorepo") / "functions/checkout/handler.py"
    handler.write_text(handler.read_text().replace("to pay", "please pay"))
    newcomer.run(
        "monorepo", "cdk", "deploy", "shop-dev-functions", "--exclusively", "--require-approval", "never"
    )
    second = newcomer.image_of("checkout-dev")
    assert newcomer.invoke("checkout-dev", items=[100]) == "please pay: 1.00 EUR"
    names, images, function, *_ = sh_blocks("first-build.md", "Verify what was deployed")
    printed = newcomer.run("monorepo", "bash", "-ec", names + images + function)
    *pushed, running = printed.strip().splitlines()
    assert running == second
    *_, newest = [line.split() for line in pushed if line.startswith("sha-")]
    assert newest[1] == second.partition("@")[2]
    (roll_back, *_) = sh_blocks("roll-back.md", "Point a function at the old image")
    newcomer.run("monorepo", "bash", "-ec", roll_back)
    assert newcomer.image_of("checkout-dev") == first
    assert newcomer.invoke("checkout-dev", items=[100]) == "to pay: 1.00 EUR"


def test_an_app_uses_a_repository_and_a_base_that_exist(newcomer: Newcomer) -> None:
    """The base is the image of the app with one function, in CDK's own repository."""
    code = newcomer.deployment.client("lambda").get_function(FunctionName="greet")["Code"]
    shutil.copytree(APPS / "existing", newcomer.folder("existing"))
    ecr = newcomer.deployment.client("ecr")
    ecr.create_repository(repositoryName="team/upload")
    base = f"base={code['ImageUri']}"
    printed = newcomer.run("existing", "cdk", "synth", "--quiet", "-c", base)
    policy = printed.partition("policy: ")[2].splitlines()[0]
    ecr.set_repository_policy(repositoryName="team/upload", policyText=policy)
    newcomer.deploy("existing", "-c", base)
    assert newcomer.invoke("existing-upload", name="you") == "Hello, you!"
    tags = newcomer.deployment.tags("team/upload")
    (content,) = (tag for tag in tags if tag.startswith("sha-"))
    assert set(tags) == {content, "dev"}
    assert tags["dev"] == tags[content]
    assert newcomer.image_of("existing-upload").endswith(f"/team/upload@{tags[content]}")
    ssm = newcomer.deployment.client("ssm")
    assert ssm.get_parameter(Name="/team/UploadImageDigest")["Parameter"]["Value"] == tags[content]


def test_an_unpinned_image_is_hotswapped(newcomer: Newcomer) -> None:
    """Last of the deploys: CloudFormation does not know what a hotswap has changed."""
    handler = newcomer.folder("one-function") / "greet/handler.py"
    handler.write_text(handler.read_text().replace("Hello", "Welcome"))
    assert "hotswapping resources" in newcomer.deploy("one-function", "--hotswap")
    assert newcomer.invoke("greet", name="you") == "Welcome, you"


def sh_blocks(page: str, heading: str) -> list[str]:
    """The shell of one section."""
    text = (ROOT / "docs" / page).read_text()
    start = text.count("\n", 0, text.index(f"\n## {heading}\n"))
    return [
        block.text for block in blocks(ROOT / "docs" / page) if block.language == "sh" and block.line > start
    ]


def test_docker_has_the_options_that_the_pages_use(newcomer: Newcomer) -> None:
    used: dict[tuple[str, ...], set[str]] = {}
    for block in all_blocks(*SHELL):
        for program, *words in commands(block.text):
            if program == "docker":
                (subcommand, options) = split_docker(words)
                used.setdefault(subcommand, set()).update(options)
    assert used
    for subcommand, options in used.items():
        text = newcomer.deployment.docker(*subcommand, "--help")
        assert {option for option in options if not re.search(rf"(^|\s|,){option}\b", text)} == set(), (
            subcommand
        )


def split_docker(words: list[str]) -> tuple[tuple[str, ...], set[str]]:
    """The subcommand, of one word or two, and its options."""
    length = 2 if words[0] in ("buildx", "image") else 1
    options = words[length:]
    if words[0] == "run":
        options = list(takewhile(lambda word: word.startswith("--"), options))
    return tuple(words[:length]), {word.partition("=")[0] for word in options if word.startswith("--")}
