"""Lists what the local AWS accepts and does not really do."""

import platform
import sys

from cdk_local_aws.emulator.sandbox import sandbox
from cdk_local_aws.emulator.task_network import gives_networks


def pretends() -> list[str]:
    """Return one sentence for each difference from AWS."""
    how = sandbox().describe()
    by_machine = [
        f"Lambda: zip functions run {how}, image functions as containers on this machine's own network; memory "
        "limits are not applied.",
        f"CodeBuild: builds run {how}, with the engine's own BuildKit in place of a docker-container builder, "
        "and may build, push and pull but not run containers; compute types, VPCs and build images have no effect.",
    ]
    by_machine.append(TASK_NETWORKS if gives_networks() else SHARED_NETWORK)
    return [*EVERYWHERE, *by_machine, *([] if runs_linux_programs() else NO_LINUX_PROGRAMS)]


def runs_linux_programs() -> bool:
    """Return whether zip functions that are Linux programs for x86-64 run on this machine."""
    return (sys.platform, platform.machine()) == ("linux", "x86_64")


TASK_NETWORKS = (
    "ECS: a task reaches the local AWS and nothing else, neither the internet nor another task; ports of its "
    "containers are open on 127.0.0.1."
)
SHARED_NETWORK = (
    "ECS: tasks share this machine's network, because only root can give each its own: an image must listen where HOST "
    "and PORT in its environment say, or its service never becomes stable."
)
EVERYWHERE = [
    "IAM: roles and policies are stored, and no call is refused for a missing permission.",
    "KMS: keys encrypt nothing that is stored; S3, DynamoDB, ECR and secrets are plain files.",
    "ECR: images are not scanned, and lifecycle rules are kept but delete nothing.",
    "ECR: docker, functions and tasks reach only the repositories of the environment's account and region; the API and "
    "cdk-ecr-deployment's function reach those of other accounts and regions too.",
    "Public base images: if one cannot be pulled, builds use a stand-in with its name, and ignore the digests and "
    "mirrors of the app.",
    "VPC: subnets, NAT gateways, flow logs, route tables and security groups are stored without a network.",
    "ECS: CPU and memory limits, autoscaling and Fargate's isolation are not applied.",
    "Load balancers: answer over plain HTTP under a path of the local AWS's own address; listeners with TLS, "
    "access logs and WAF have no effect.",
    "S3: bucket policies, TLS enforcement and public access blocks are stored and not enforced.",
    "Access: every API call must be signed, even those that AWS serves without a signature (public buckets, Cognito's "
    "sign-in); ports of containers on 127.0.0.1 are open to all users of this machine.",
    "CloudWatch: alarms and metrics of services do not come from real measurements.",
]
NO_LINUX_PROGRAMS = [
    "cdk-ecr-deployment: its function is a program for Linux on x86-64 and cannot run here; the local registry makes "
    "its copies instead.",
]
