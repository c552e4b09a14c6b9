"""Prints what makes peers rebuild an image of a repository: `python -m benchmarks.peer_keys ROOT`.

It reads a peer and a Dockerfile from each line of its standard input, and answers with a line each.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import aws_cdk as cdk
from deploy_time_build import ContainerImageBuild
from token_injectable_docker_builder import TokenInjectableDockerBuilder


def key(peer: str, root: Path, dockerfile: str) -> str:
    """Return a hash of the properties of the peer's custom resources: CloudFormation calls those that change."""
    # As in a synth of its own.
    cdk.AssetStaging.clear_asset_hash_cache()
    with tempfile.TemporaryDirectory(prefix="bench-out-") as out:
        app = cdk.App(context={"aws:cdk:disable-asset-staging": True}, outdir=out)
        stack = cdk.Stack(app, "Stack")
        if peer == "deploy-time-build":
            ContainerImageBuild(stack, "Image", directory=str(root), file=dockerfile)
        else:
            TokenInjectableDockerBuilder(stack, "Image", path=str(root), file=dockerfile)
        template = app.synth().get_stack_by_name("Stack").template
    properties = {
        name: each["Properties"]
        for name, each in template["Resources"].items()
        if each["Type"].startswith("Custom::") or each["Type"] == "AWS::CloudFormation::CustomResource"
    }
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        peer, dockerfile = json.loads(line)
        print(key(peer, Path(sys.argv[1]), dockerfile), flush=True)


if __name__ == "__main__":
    main()
