"""Functions and services run as containers on loopback, from images in the registry."""

import json
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from cdk_local_aws.environment import local_url
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON
from tests.local.emulator.stacks import attribute, deploy, failure, ref, resource
from tests.local.emulator.test_gaps_builds import build, log, project
from tests.local.local_aws import LocalAws
from tests.local.waiting import answer, wait_until

pytestmark = pytest.mark.engine

FUNCTION = """
import os, urllib.request
def handler(event, context):
    print("seen", event["word"])
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_ministack/health") as answer:
        return {"word": event["word"], "emulator": answer.status, "version": VERSION}
"""
SERVICE = """
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{VERSION} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("listening", flush=True)
address = (os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080")))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


def push(local: LocalAws, program: str, command: list[str], *, repository: str, tag: str) -> str:
    """Build an image of one program, push it, and return its ECR name."""
    context = Path(tempfile.mkdtemp(dir=local.folder))
    (context / "app.py").write_text(f"VERSION = {tag!r}\n{program}")
    lines = [f"FROM {LAMBDA_PYTHON.image}", "COPY --chmod=755 app.py ./", f"CMD {json.dumps(command)}"]
    (context / "Dockerfile").write_text("\n".join(lines))
    image = f"{local.registry}/{repository}:{tag}"
    local.docker("build", "--provenance=false", "--tag", image, str(context))
    local.docker("push", image)
    return image


def invoke(local: LocalAws, name: str, word: str) -> Any:
    answer = local.aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"word": word}))
    return json.loads(answer["Payload"].read())


def create_function(local: LocalAws, image: str) -> str:
    name = local.aws.name("function")
    role = f"arn:aws:iam::{local.env.account}:role/function"
    local.aws.client("lambda").create_function(
        FunctionName=name, Role=role, PackageType="Image", Code={"ImageUri": image}, Timeout=20
    )
    return name


def test_a_function_runs_over_loopback_logs_its_output_and_runs_new_code_after_an_update(
    local: LocalAws,
) -> None:
    repository = local.aws.repository()
    name = create_function(local, push(local, FUNCTION, ["app.handler"], repository=repository, tag="one"))
    assert invoke(local, name, "first") == {"word": "first", "emulator": 200, "version": "one"}
    logs = local.aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert "seen first" in [event["message"].strip() for event in logs]
    modes = local.docker("ps", "--format", "{{.Networks}}", "--filter", "label=ministack=lambda")
    assert set(modes.split()) == {"host"}
    two = push(local, FUNCTION, ["app.handler"], repository=repository, tag="two")
    local.aws.client("lambda").update_function_code(FunctionName=name, ImageUri=two)
    assert invoke(local, name, "x")["version"] == "two"


def test_a_function_runs_what_its_tag_was_on_when_it_was_created(local: LocalAws) -> None:
    repository = local.aws.repository()
    name = create_function(local, push(local, FUNCTION, ["app.handler"], repository=repository, tag="stable"))
    other = FUNCTION.replace("return {", "return {'moved': True, ")
    push(local, other, ["app.handler"], repository=repository, tag="stable")
    assert invoke(local, name, "x") == {"word": "x", "emulator": 200, "version": "stable"}


def test_an_image_that_is_only_in_the_engine_is_not_run(local: LocalAws) -> None:
    repository = local.aws.repository()
    image = push(local, FUNCTION, ["app.handler"], repository=repository, tag="one")
    name = create_function(local, image)
    local.aws.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "one"}])
    assert "not found in the registry" in invoke(local, name, "x")["errorMessage"]


def deploy_service(local: LocalAws, stack: str, image: str, *, health: list[str] | None = None) -> str:
    """Deploy a service behind a load balancer, as CDK's pattern does but without a VPC; return its address."""
    container = {
        "Name": "app",
        "Image": image,
        "Essential": True,
        "EntryPoint": ["python3"],
        "Command": ["app.py"],
        "PortMappings": [{"ContainerPort": 8080}],
        **({"HealthCheck": {"Command": health}} if health else {}),
    }
    http = {"Port": 80, "Protocol": "HTTP"}
    forward = {"Type": "forward", "TargetGroupArn": ref("Targets")}
    target = {"ContainerName": "app", "ContainerPort": 8080, "TargetGroupArn": ref("Targets")}
    resources = {
        "Cluster": resource("ECS::Cluster"),
        "Balancer": resource("ElasticLoadBalancingV2::LoadBalancer", Type="application"),
        "Targets": resource(
            "ElasticLoadBalancingV2::TargetGroup", TargetType="ip", HealthCheckPath="/health", **http
        ),
        "Listener": resource(
            "ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("Balancer"),
            DefaultActions=[forward],
            **http,
        ),
        "Definition": resource(
            "ECS::TaskDefinition",
            NetworkMode="awsvpc",
            RequiresCompatibilities=["FARGATE"],
            ContainerDefinitions=[container],
        ),
        "Service": {
            "DependsOn": ["Listener"],
            **resource(
                "ECS::Service",
                Cluster=ref("Cluster"),
                TaskDefinition=ref("Definition"),
                DesiredCount=1,
                LaunchType="FARGATE",
                DeploymentConfiguration={
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                LoadBalancers=[target],
            ),
        },
    }
    name = deploy(local.aws, stack, resources, Dns=attribute("Balancer", "DNSName"))["Dns"]
    return local_url(name, local.env.port)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: str = answer.read().decode()
        return body


def test_a_service_answers_is_replaced_without_a_failed_request_and_is_back_after_a_stop(
    local: LocalAws,
) -> None:
    repository, stack = local.aws.repository(), local.aws.name("stack")
    health = [
        "CMD-SHELL",
        'python3 -c \'import os,urllib.request as u;u.urlopen("http://127.0.0.1:" + os.environ.get("PORT", "8080"))\'',
    ]
    one = push(local, SERVICE, ["app.handler"], repository=repository, tag="one")
    url = deploy_service(local, stack, one, health=health)
    assert get(f"{url}/receipts?limit=1") == "one /receipts?limit=1"

    two = push(local, SERVICE, ["app.handler"], repository=repository, tag="two")
    answers: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(get(url).split()[0])
            except urllib.error.HTTPError as error:
                answers.append(str(error.code))
            time.sleep(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    deploy_service(local, stack, two, health=health)
    time.sleep(0.5)
    done.set()
    asking.join()
    assert set(answers) == {"one", "two"}
    assert answers[-1] == "two"

    local.down()
    assert local.docker("ps", "--quiet") == ""
    local.up()
    assert wait_until(lambda: answer(lambda: get(url))) == "two /"


@pytest.mark.parametrize(
    ("program", "tag", "reason"),
    [
        (SERVICE, "never-pushed", "CannotPullContainerError"),
        ("raise SystemExit(3)", "exits", "Essential container exited"),
    ],
)
def test_a_service_that_cannot_run_fails_its_stack_with_the_reason(
    local: LocalAws, program: str, tag: str, reason: str
) -> None:
    repository, stack = local.aws.repository(), local.aws.name("stack")
    image = push(local, program, ["app.handler"], repository=repository, tag="exits")
    with pytest.raises(WaiterError):
        deploy_service(local, stack, image.replace(":exits", f":{tag}"))
    failed = failure(local.aws, stack, "Service")
    assert "ECS Deployment Circuit Breaker was triggered" in failed
    assert reason in failed
    assert local.docker("ps", "--quiet", "--filter", f"ancestor={image}") == ""


def test_a_build_of_codebuild_may_not_start_containers(local: LocalAws) -> None:
    """With the engine's own socket a build could mount the machine's whole file system."""
    command = f"docker run --rm --volume /:/host {LAMBDA_PYTHON.image} true"
    ended = build(local.aws, project(local.aws), command)
    assert ended["buildStatus"] == "FAILED"
    assert "builds of the local AWS may only build, pull, tag and push images, got" in "".join(
        log(local.aws, ended)
    )


CALLS = """
import json, urllib.error, urllib.request
for path in ("/2015-03-31/functions", "/v2/_catalog"):
    request = urllib.request.Request("http://127.0.0.1:%d" + path, b"{}")
    try:
        print(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def test_a_run_step_on_the_host_s_network_cannot_call_the_local_aws(local: LocalAws, tmp_path: Path) -> None:
    (tmp_path / "calls.py").write_text(CALLS % local.env.port)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {LAMBDA_PYTHON.image} AS tried\nCOPY calls.py /\nRUN python3 /calls.py > /said\n"
        "FROM scratch\nCOPY --from=tried /said /\n"
    )
    local.docker("build", "--output", f"type=local,dest={tmp_path / 'out'}", str(tmp_path))
    assert (tmp_path / "out/said").read_text() == "403\n401\n"
