"""Runs a synthesized pipeline here: each stage's actions in their run order, CodeBuild's by the build runner."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.e2e.deployment import Deployment
from tests.local.waiting import wait_until

# The versions that this project pins are on the path already.
NPM = """#!/bin/sh
case "$*" in "install -g cdk-assets@"*) exit 0 ;; esac
echo "npm: not expected in a pipeline: $*" >&2
exit 1
"""
CDK_ASSETS_SCHEMA = 54
PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "000000000000"}
ENDED = ("COMPLETE", "FAILED")
SECONDS = 300


class Pipeline:
    """One execution of a pipeline of CDK Pipelines. Each action has a folder of its own.

    The pipeline does not update itself, because the local AWS has no CodePipeline: `go_on` does what the update leads to.
    """

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self._deployment = deployment
        self._folder = folder
        self._artifacts = folder / "artifacts"
        self._definition = _Definition(deployment.project / "cdk.out")
        self._changes: dict[str, bool] = {}

    def stages(self) -> list[str]:
        """Return the names of the stages, in their order."""
        return self._definition.stages()

    def run(self, stage: str) -> None:
        """Run the actions of a stage: those of one run order at once, and the next when all of them have succeeded."""
        for actions in self._definition.run_orders(stage):
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda action: self._run(stage, action), actions))

    def go_on(self, output: str) -> None:
        """Use the pipeline that a synth step has synthesized, as the execution does that the update starts."""
        assembly = self._deployment.project / "cdk.out"
        shutil.rmtree(assembly)
        shutil.copytree(self._artifacts / output, assembly, symlinks=True)
        self._definition = _Definition(assembly)

    def take_over(self, output: str) -> None:
        """Use the assembly in the project's folder as the output of the synth step."""
        shutil.copytree(self._deployment.project / "cdk.out", self._artifacts / output, symlinks=True)

    def docker(self, stage: str) -> dict[str, list[str]]:
        """Return the builds, bakes and pushes of docker that each CodeBuild action of a stage ran."""
        return {
            folder.name: [
                line
                for line in _lines(folder / "docker")
                if line.startswith(("build ", "buildx b", "push ", "image push "))
            ]
            for folder in sorted((self._folder / stage).iterdir())
        }

    def _run(self, stage: str, action: Mapping[str, Any]) -> None:
        kind, provider = action["ActionTypeId"]["Category"], action["ActionTypeId"]["Provider"]
        if kind == "Source":
            (output,) = action["OutputArtifacts"]
            without = shutil.ignore_patterns("cdk.out")
            shutil.copytree(self._deployment.project, self._artifacts / output["Name"], ignore=without)
        elif provider == "CodeBuild":
            self._build(action, self._folder / stage / action["Name"])
        elif provider == "CloudFormation":
            self._deploy(action["Configuration"])
        else:
            raise NotImplementedError(f"{stage}/{action['Name']}: {kind} by {provider}")

    def _build(self, action: Mapping[str, Any], folder: Path) -> None:
        (given,) = action["InputArtifacts"]
        source = folder / "src"
        shutil.copytree(self._artifacts / given["Name"], source, symlinks=True)
        _lower_the_schema(source)
        spec = self._definition.buildspec(action)
        output = _run_buildspec(spec, folder=folder, environment=self._environment(folder, source))
        assert output.pop()["end"] == "SUCCEEDED", "\n".join(each.get("log", "") for each in output)
        for made in action.get("OutputArtifacts", ()):
            base = spec["artifacts"]["base-directory"]
            shutil.copytree(source / base, self._artifacts / made["Name"], symlinks=True)

    def _environment(self, folder: Path, source: Path) -> dict[str, str]:
        programs = folder / "programs"
        programs.mkdir()
        (programs / "npm").write_text(NPM)
        (programs / "npm").chmod(0o755)
        variables = self._deployment.variables()
        return {
            **variables,
            "CODEBUILD_SRC_DIR": str(source),
            "RECORDED_BUILDS": str(folder / "docker"),
            "PATH": os.pathsep.join([str(programs), variables["PATH"]]),
        }

    def _deploy(self, configuration: Mapping[str, str]) -> None:
        stack, change_set = configuration["StackName"], configuration["ChangeSetName"]
        if configuration["ActionMode"] == "CHANGE_SET_REPLACE":
            artifact, _, path = configuration["TemplatePath"].partition("::")
            template = (self._artifacts / artifact / path).read_text()
            self._changes[stack] = self._prepare(stack, change_set, template, configuration)
        else:
            assert configuration["ActionMode"] == "CHANGE_SET_EXECUTE"
            # CodePipeline succeeds too if the change set is empty.
            if self._changes.pop(stack):
                cloudformation = self._deployment.client("cloudformation")
                cloudformation.execute_change_set(StackName=stack, ChangeSetName=change_set)
                status = self._status(stack)
                assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"{stack}: {status}"

    def _prepare(self, stack: str, change_set: str, template: str, configuration: Mapping[str, str]) -> bool:
        """Create a change set. Returns whether it has changes."""
        cloudformation = self._deployment.client("cloudformation")
        existing = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
        if stack in existing:
            # CloudFormation itself is content if there is none.
            with contextlib.suppress(cloudformation.exceptions.ChangeSetNotFoundException):
                cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
        cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=change_set,
            ChangeSetType="UPDATE" if stack in existing else "CREATE",
            TemplateBody=template,
            Capabilities=configuration["Capabilities"].split(","),
            RoleARN=configuration["RoleArn"],
        )

        def ended() -> Any:
            found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)
            return found if found["Status"].endswith(ENDED) else None

        found = wait_until(ended, seconds=SECONDS)
        if found["Status"] == "CREATE_COMPLETE":
            return bool(found["Changes"])
        assert "didn't contain changes" in found["StatusReason"], found
        return False

    def _status(self, stack: str) -> str:
        """Return the status with which an operation of a stack ends."""
        cloudformation = self._deployment.client("cloudformation")

        def ended() -> str | None:
            (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
            status: str = found["StackStatus"]
            return status if status.endswith(ENDED) else None

        return wait_until(ended, seconds=SECONDS)


class _Definition:
    """The pipeline in the template of the stack `pipeline`."""

    def __init__(self, assembly: Path) -> None:
        template = json.loads((assembly / "pipeline.template.json").read_text())
        self._resources = template["Resources"]
        (self._pipeline,) = (
            each["Properties"]
            for each in self._resources.values()
            if each["Type"] == "AWS::CodePipeline::Pipeline"
        )

    def run_orders(self, stage: str) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the actions of each run order of a stage."""
        (actions,) = (each["Actions"] for each in self._pipeline["Stages"] if each["Name"] == stage)
        in_order = sorted(_resolved(actions), key=_run_order)
        for _, at_once in groupby(in_order, key=_run_order):
            yield list(at_once)

    def stages(self) -> list[str]:
        """Return the names of the stages, in their order."""
        return [each["Name"] for each in self._pipeline["Stages"]]

    def buildspec(self, action: Mapping[str, Any]) -> Any:
        """Return the buildspec of an action's CodeBuild project."""
        project = self._resources[action["Configuration"]["ProjectName"]]["Properties"]
        return json.loads(project["Source"]["BuildSpec"])


def _run_order(action: Mapping[str, Any]) -> int:
    return int(action["RunOrder"])


def _resolved(value: Any) -> Any:
    """Replace the intrinsic functions that a pipeline has. A resource becomes its logical id."""
    if isinstance(value, list):
        return [_resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            return PSEUDO_PARAMETERS.get(name, name)
        case [("Fn::GetAtt", [name, _])]:
            return name
        case [("Fn::Join", [separator, parts])]:
            return separator.join(_resolved(parts))
    return {name: _resolved(each) for name, each in value.items()}


def _run_buildspec(spec: Any, *, folder: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the build runner reports. The last entry is the end."""
    job = {
        "buildspec": json.dumps(spec),
        "environment": dict(environment),
        "folder": str(folder),
        "seconds": SECONDS,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cdk_local_aws.build_runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        return [json.loads(line) for line in process.stdout]


def _lower_the_schema(folder: Path) -> None:
    """Mark the asset manifests with the newest schema that cdk-assets reads: npm's latest lags behind aws-cdk-lib."""
    for manifest in folder.rglob("*.assets.json"):
        content = json.loads(manifest.read_text())
        if int(content["version"].partition(".")[0]) > CDK_ASSETS_SCHEMA:
            manifest.write_text(json.dumps({**content, "version": f"{CDK_ASSETS_SCHEMA}.0.0"}))


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
