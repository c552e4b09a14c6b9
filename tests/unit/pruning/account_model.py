"""A small AWS account in memory: it answers the pruner's calls, and knows which images are in use.

It answers in small pages, from plain lists and dictionaries that a test may change. An answer can be damaged on
its way.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from scoped_images.ecr.media_types import OCI_INDEX, OCI_MANIFEST
from tests.unit.pruning.damaged_answers import Damage, aws_error, damaged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REGION = "eu-west-1"
HOST = f"111111111111.dkr.ecr.{REGION}.amazonaws.com"
PAGE = 2

Key = tuple[str, str]


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def uri(repository: str, number: int) -> str:
    return f"{HOST}/{repository}@{digest(number)}"


def tag(number: int) -> str:
    return f"sha-{number:032x}"


@dataclass(kw_only=True)
class Stack:
    """words: what its template holds. waiting: words in the template and the parameters of a change set."""

    name: str
    status: str = "CREATE_COMPLETE"
    words: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    waiting: tuple[list[str], list[str]] | None = None


@dataclass(kw_only=True)
class Service:
    """deployed: the task definitions of its deployments or task sets, the primary one first."""

    name: str
    deployed: list[str]
    controller: Literal["ECS", "CODE_DEPLOY"] = "ECS"
    released: list[str] = field(default_factory=list)


class Account:
    """The account. Everything is public: tests fill it, and ask it what became of its images."""

    def __init__(self) -> None:
        self.images: dict[Key, dict[str, Any]] = {}
        self.children: dict[Key, list[str]] = {}
        self.functions: dict[str, dict[str, tuple[str, str]]] = {}
        # Image URIs by ARN, of active and inactive task definitions.
        self.active: dict[str, list[str]] = {}
        self.inactive: dict[str, list[str]] = {}
        self.tasks: list[tuple[str, str]] = []
        self.services: list[Service] = []
        self.rules: list[str] = []
        self.schedules: list[tuple[str, bool]] = []
        self.stacks: list[Stack] = []
        self.deleted: list[Key] = []
        self.archived: list[Key] = []
        self.calls: list[str] = []
        # What the deployed function of the pruner holds.
        self.pruner_settings = ""
        self.damage: Damage | None = None
        self.before_call: Callable[[int], None] | None = None

    def push(
        self,
        repository: str,
        number: int,
        *tags: str,
        days: float = 100,
        children: tuple[int, ...] = (),
        **details: Any,
    ) -> Key:
        """Add an image of that age, or an index over the images with the numbers `children`."""
        key = (repository, digest(number))
        self.images[key] = {
            "imageDigest": key[1],
            "imagePushedAt": NOW - timedelta(days=days),
            "imageSizeInBytes": 1,
            "imageManifestMediaType": OCI_INDEX if children else OCI_MANIFEST,
            **({"imageTags": list(tags)} if tags else {}),
            **details,
        }
        self.children[key] = [digest(child) for child in children]
        return key

    def family(self, name: str, *revisions: list[str], inactive: tuple[int, ...] = ()) -> list[str]:
        """Register task definitions, each with its image URIs; `inactive` are numbers of revisions."""
        arns = []
        for number, images in enumerate(revisions, start=1):
            arn = f"arn:aws:ecs:{REGION}:1:task-definition/{name}:{number}"
            (self.inactive if number in inactive else self.active)[arn] = images
            arns.append(arn)
        return arns

    def definition(self, arn: str) -> list[str]:
        return (self.active | self.inactive)[arn]

    def repositories(self) -> tuple[str, ...]:
        return tuple(sorted({repository for repository, _ in self.images})) or ("app",)

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.before_call is not None:
            self.before_call(len(self.calls))
        number = self.calls.count(operation)
        self.calls.append(operation)
        answer: dict[str, Any] = getattr(self, operation)(**parameters)
        damage = self.damage
        if damage is not None and (damage.operation, damage.number) == (operation, number):
            return damaged(answer, damage)
        return answer

    @staticmethod
    def _page(key: str, items: list[Any], parameters: dict[str, Any]) -> dict[str, Any]:
        start = int(parameters.get("nextToken", 0))
        more = {"nextToken": str(start + PAGE)} if start + PAGE < len(items) else {}
        return {key: copy.deepcopy(items[start : start + PAGE]), **more}

    def describe_images(self, repositoryName: str, **parameters: Any) -> dict[str, Any]:
        # The token names the last image and not its place: images may be deleted between two pages.
        after = str(parameters.get("nextToken", ""))
        names = sorted(one for name, one in self.images if name == repositoryName and one > after)
        found = [(one, self.images[repositoryName, one]) for one in names]
        more = {"nextToken": found[PAGE - 1][0]} if len(found) > PAGE else {}
        return {"imageDetails": [copy.deepcopy(detail) for _, detail in found[:PAGE]], **more}

    def batch_get_image(
        self, repositoryName: str, imageIds: list[dict[str, str]], **_: Any
    ) -> dict[str, Any]:
        images, failures = [], []
        for image_id in imageIds:
            key = (repositoryName, image_id["imageDigest"])
            if self.images.get(key, {}).get("imageStatus", "ACTIVE") != "ACTIVE":
                failures.append({"imageId": image_id, "failureCode": "ImageInaccessible"})
            elif key not in self.images:
                failures.append({"imageId": image_id, "failureCode": "ImageNotFound"})
            else:
                children = [{"digest": child} for child in self.children[key]]
                manifest: dict[str, Any] = {"manifests": children} if children else {"layers": []}
                images.append({"imageId": image_id, "imageManifest": json.dumps(manifest)})
        return {"images": images, "failures": failures}

    def batch_delete_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        failures = []
        for image_id in imageIds:
            key = (repositoryName, image_id["imageDigest"])
            if self.images.pop(key, None) is None:
                failures.append({"imageId": image_id, "failureCode": "ImageNotFound"})
            else:
                self.deleted.append(key)
        return {"imageIds": imageIds, "failures": failures}

    def update_image_storage_class(
        self, repositoryName: str, imageId: dict[str, str], targetStorageClass: str
    ) -> dict[str, Any]:
        key = (repositoryName, imageId["imageDigest"])
        if key not in self.images:
            raise aws_error("ImageNotFoundException")
        if targetStorageClass == "ARCHIVE":
            self.images[key] |= {"imageStatus": "ARCHIVED", "lastArchivedAt": NOW}
            self.archived.append(key)
        else:
            self.images[key] |= {"imageStatus": "ACTIVATING", "lastActivatedAt": NOW}
        return {"imageStatus": self.images[key]["imageStatus"]}

    def list_functions(self, **parameters: Any) -> dict[str, Any]:
        functions = [{"FunctionName": name, "PackageType": "Image"} for name in self.functions]
        functions.append({"FunctionName": "in a zip", "PackageType": "Zip"})
        return self._page("Functions", functions, parameters)

    def list_versions_by_function(self, FunctionName: str, **parameters: Any) -> dict[str, Any]:
        versions = [{"Version": version} for version in self.functions[FunctionName]]
        return self._page("Versions", versions, parameters)

    def get_function(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        named, resolved = self.functions[FunctionName][Qualifier]
        return {"Code": {"ImageUri": named, "ResolvedImageUri": resolved}}

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {"Environment": {"Variables": {"PRUNER_SETTINGS": self.pruner_settings}}}

    def list_clusters(self, **parameters: Any) -> dict[str, Any]:
        return self._page("clusterArns", ["cluster"], parameters)

    def list_tasks(self, **parameters: Any) -> dict[str, Any]:
        return self._page("taskArns", [f"task/{n}" for n in range(len(self.tasks))], parameters)

    def describe_tasks(self, tasks: list[str], **_: Any) -> dict[str, Any]:
        found = []
        for arn in tasks:
            definition, running = self.tasks[int(arn.partition("/")[2])]
            name, _at, pulled = running.partition("@")
            container = {"image": name, "imageDigest": pulled}
            found.append({"taskArn": arn, "taskDefinitionArn": definition, "containers": [container]})
        return {"tasks": found, "failures": []}

    def list_services(self, **parameters: Any) -> dict[str, Any]:
        return self._page("serviceArns", [service.name for service in self.services], parameters)

    def describe_services(self, services: list[str], **_: Any) -> dict[str, Any]:
        found = []
        for service in self.services:
            parts = [{"taskDefinition": arn} for arn in service.deployed]
            by_ecs = service.controller == "ECS"
            if service.name in services:
                found.append(
                    {
                        "serviceName": service.name,
                        "serviceArn": service.name,
                        "clusterArn": "cluster",
                        "deploymentController": {"type": service.controller},
                        "deployments": parts if by_ecs else [],
                        "taskSets": [] if by_ecs else parts,
                        **({"taskDefinition": service.deployed[0]} if by_ecs else {}),
                    }
                )
        return {"services": found, "failures": []}

    def list_service_deployments(self, service: str, **parameters: Any) -> dict[str, Any]:
        (one,) = [one for one in self.services if one.name == service]
        deployments = [
            {"targetServiceRevisionArn": f"{service}/{n}", "createdAt": NOW - timedelta(days=100 - n)}
            for n in range(len(one.released))
        ]
        return self._page("serviceDeployments", deployments, parameters)

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        revisions = []
        for arn in serviceRevisionArns:
            name, _, number = arn.partition("/")
            (service,) = [one for one in self.services if one.name == name]
            images = [{"image": image} for image in self.definition(service.released[int(number)])]
            moment = NOW - timedelta(days=100 - int(number))
            revisions.append(
                {
                    "createdAt": moment,
                    "containerImages": images,
                    "taskDefinition": service.released[int(number)],
                }
            )
        return {"serviceRevisions": revisions, "failures": []}

    def list_task_definition_families(self, **parameters: Any) -> dict[str, Any]:
        families = dict.fromkeys(arn.rpartition("/")[2].rpartition(":")[0] for arn in self.active)
        return self._page("families", list(families), parameters)

    def list_task_definitions(self, familyPrefix: str, status: str, **parameters: Any) -> dict[str, Any]:
        arns = self.active if status == "ACTIVE" else self.inactive
        found = [arn for arn in arns if arn.rpartition("/")[2].startswith(familyPrefix)]
        newest = sorted(found, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True)
        return self._page("taskDefinitionArns", newest, parameters)

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        containers = [{"image": image} for image in self.definition(taskDefinition)]
        return {"taskDefinition": {"containerDefinitions": containers}}

    def list_event_buses(self, **parameters: Any) -> dict[str, Any]:
        return self._page("EventBuses", [{"Name": "default"}], parameters)

    def list_rules(self, **parameters: Any) -> dict[str, Any]:
        return self._page("Rules", [{"Name": f"rule-{n}"} for n in range(len(self.rules))], parameters)

    def list_targets_by_rule(self, Rule: str, **parameters: Any) -> dict[str, Any]:
        definition = self.rules[int(Rule.partition("-")[2])]
        target = {"Arn": "arn:aws:ecs:::cluster/c", "EcsParameters": {"TaskDefinitionArn": definition}}
        return self._page("Targets", [{"Arn": "arn:aws:lambda:::function:f"}, target], parameters)

    def list_schedules(self, **parameters: Any) -> dict[str, Any]:
        schedules = [
            {"GroupName": "g", "Name": f"s-{n}", "Target": {"Arn": _target(direct)}}
            for n, (_, direct) in enumerate(self.schedules)
        ]
        return self._page("Schedules", schedules, parameters)

    def get_schedule(self, Name: str, **_: Any) -> dict[str, Any]:
        definition, direct = self.schedules[int(Name.partition("-")[2])]
        if direct:
            return {"Target": {"Arn": _target(direct), "EcsParameters": {"TaskDefinitionArn": definition}}}
        return {"Target": {"Arn": _target(direct), "Input": json.dumps({"TaskDefinition": definition})}}

    def describe_stacks(self, **parameters: Any) -> dict[str, Any]:
        stacks = [
            {
                "StackName": stack.name,
                "StackId": stack.name,
                "StackStatus": stack.status,
                "Parameters": [{"ParameterKey": "k", "ParameterValue": word} for word in stack.parameters],
            }
            for stack in self.stacks
        ]
        return self._page("Stacks", stacks, parameters)

    def list_change_sets(self, StackName: str, **parameters: Any) -> dict[str, Any]:
        (stack,) = [stack for stack in self.stacks if stack.name == StackName]
        waiting = {"ChangeSetId": "c", "Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
        return self._page("Summaries", [waiting] if stack.waiting else [], parameters)

    def get_template(self, StackName: str, ChangeSetName: str | None = None, **_: Any) -> dict[str, Any]:
        (stack,) = [stack for stack in self.stacks if stack.name == StackName]
        words = stack.waiting[0] if ChangeSetName and stack.waiting else stack.words
        return {"TemplateBody": {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Words": words}}}}

    def describe_change_set(self, StackName: str, **_: Any) -> dict[str, Any]:
        (stack,) = [stack for stack in self.stacks if stack.name == StackName]
        words = stack.waiting[1] if stack.waiting else []
        return {"Parameters": [{"ParameterKey": "k", "ParameterValue": word} for word in words]}


def _target(direct: bool) -> str:
    return "arn:aws:ecs:::cluster/c" if direct else "arn:aws:scheduler:::aws-sdk:ecs:runTask"
