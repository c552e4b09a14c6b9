"""A small AWS account in memory: it answers the pruner's calls, and knows which images are in use.

Tests fill plain lists and dictionaries. Requests and answers are checked against botocore's models of the services. Each
listing comes in small pages. A test may damage an answer on its way.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore import xform_name
from botocore.validate import validate_parameters

from scoped_images.ecr.media_types import OCI_INDEX, OCI_MANIFEST
from tests.unit.pruning.damaged_answers import Damage, aws_error, damaged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REGION = "eu-west-1"
HOST = f"111111111111.dkr.ecr.{REGION}.amazonaws.com"
ROLE = "arn:aws:iam::111111111111:role/any"
CLUSTER = f"arn:aws:ecs:{REGION}:111111111111:cluster/c"
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
PAGE = 2
_TOKENS_IN = ("nextToken", "NextToken", "Marker")
_TOKENS_OUT = ("nextToken", "NextToken", "NextMarker")

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
        # What an image's manifest holds beside its layers.
        self.manifests: dict[Key, dict[str, Any]] = {}
        self.functions: dict[str, dict[str, tuple[str, str]]] = {}
        # Image URIs by ARN, of active and inactive task definitions.
        self.active: dict[str, list[str]] = {}
        self.inactive: dict[str, list[str]] = {}
        self.tasks: list[tuple[str, str]] = []
        self.services: list[Service] = []
        self.rules: list[str] = []
        self.schedules: list[tuple[str, bool]] = []
        self.stacks: list[Stack] = []
        # Answers of services that it does not model, by service and operation.
        self.answers: dict[str, dict[str, Any]] = {}
        # What runs in other regions.
        self.elsewhere: dict[str, Account] = {}
        self.deleted: list[Key] = []
        self.archived: list[Key] = []
        self.calls: list[str] = []
        self.repositories_asked: set[str] = set()
        # What the deployed function of the pruner holds.
        self.pruner_settings = ""
        self.damage: Damage | None = None
        self.before_call: Callable[[int], None] | None = None
        self._pages: dict[str, dict[str, Any]] = {}
        self._changes: dict[str, Callable[[dict[str, Any]], Any]] = {}

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
        self.manifests[key] = (
            {"manifests": [{"digest": digest(each)} for each in children]} if children else {}
        )
        return key

    def push_many(self, count: int, repository: str = "app") -> None:
        """Add images 0, the oldest, to `count - 1`."""
        for number in range(count):
            self.push(repository, number, tag(number), days=400 - number)

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

    def children(self, key: Key) -> set[Key]:
        return {(key[0], child["digest"]) for child in self.manifests.get(key, {}).get("manifests", ())}

    def repositories(self) -> tuple[str, ...]:
        return tuple(sorted({repository for repository, _ in self.images})) or ("app",)

    def left(self, repository: str = "app") -> set[int]:
        """The numbers of the images that a repository still has."""
        return {int(one.removeprefix("sha256:"), 16) for name, one in self.images if name == repository}

    def removed(self) -> set[Key]:
        return {*self.deleted, *self.archived}

    def change(self, operation: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Pass each page of one operation through `change`, which may change it in place."""
        self._changes[operation] = change

    def answer(self, client: Any, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Answer in place of botocore. Raises ParamValidationError where botocore's model has another form."""
        model = client.meta.service_model.operation_model(name)
        validate_parameters(parameters, model.input_shape)
        operation = xform_name(name)
        if self.before_call is not None:
            self.before_call(len(self.calls))
        number = self.calls.count(operation)
        self.calls.append(operation)
        self.repositories_asked |= {parameters["repositoryName"]} if "repositoryName" in parameters else set()
        given = self.answers.get(f"{model.service_model.service_name} {operation}")
        page = given or self._page(model, operation, parameters)
        if not given:
            validate_parameters(page, model.output_shape)
        if "TemplateBody" in page:
            page["TemplateBody"] = json.loads(page["TemplateBody"])  # as boto3 does
        if operation in self._changes:
            page = self._changes[operation](page) or page
        if self.damage and (self.damage.operation, self.damage.number) == (operation, number):
            return damaged(page, self.damage)
        return page

    def _page(self, model: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        token = next((parameters[name] for name in _TOKENS_IN if name in parameters), "")
        answer = self._pages.pop(token, None) or copy.deepcopy(getattr(self, operation)(**parameters))
        if operation.startswith("list_") or operation in ("describe_images", "describe_stacks"):
            ((key, items),) = answer.items()
            if len(items) > PAGE:
                following = f"token {len(self.calls)}"
                self._pages[following] = {key: items[PAGE:]}
                name = next(name for name in _TOKENS_OUT if name in model.output_shape.members)
                return {key: items[:PAGE], name: following}
        return answer

    def describe_images(self, repositoryName: str, **parameters: Any) -> dict[str, Any]:
        if repositoryName == "gone":
            raise aws_error("RepositoryNotFoundException")
        images = [self.images[key] for key in sorted(self.images) if key[0] == repositoryName]
        if parameters.get("filter") != {"imageStatus": "ANY"}:
            images = [image for image in images if image.get("imageStatus") != "ARCHIVED"]
        return {"imageDetails": images}

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
                images.append({"imageId": image_id, "imageManifest": json.dumps(self.manifests[key])})
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

    def list_functions(self, **_: Any) -> dict[str, Any]:
        functions = [{"FunctionName": name, "PackageType": "Image"} for name in self.functions]
        return {"Functions": [*functions, {"FunctionName": "in a zip", "PackageType": "Zip"}]}

    def list_versions_by_function(self, FunctionName: str, **_: Any) -> dict[str, Any]:
        return {"Versions": [{"Version": version} for version in self.functions[FunctionName]]}

    def get_function(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        named, resolved = self.functions[FunctionName][Qualifier]
        return {"Code": {"ImageUri": named, "ResolvedImageUri": resolved}}

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        if FunctionName != "image-pruner-dev":
            raise aws_error("ResourceNotFoundException")
        return {"Environment": {"Variables": {"PRUNER_SETTINGS": self.pruner_settings}}}

    def list_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusterArns": [CLUSTER]}

    def list_tasks(self, **_: Any) -> dict[str, Any]:
        return {"taskArns": [f"task/{number}" for number in range(len(self.tasks))]}

    def describe_tasks(self, tasks: list[str], **_: Any) -> dict[str, Any]:
        found = []
        for arn in tasks:
            definition, running = self.tasks[int(arn.partition("/")[2])]
            name, _at, pulled = running.partition("@")
            container = {"image": name, "imageDigest": pulled}
            found.append({"taskArn": arn, "taskDefinitionArn": definition, "containers": [container]})
        return {"tasks": found, "failures": []}

    def list_services(self, **_: Any) -> dict[str, Any]:
        return {"serviceArns": [service.name for service in self.services]}

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
                        "clusterArn": CLUSTER,
                        "deploymentController": {"type": service.controller},
                        "deployments": parts if by_ecs else [],
                        "taskSets": [] if by_ecs else parts,
                        **({"taskDefinition": service.deployed[0]} if by_ecs else {}),
                    }
                )
        return {"services": found, "failures": []}

    def list_service_deployments(self, service: str, **_: Any) -> dict[str, Any]:
        (one,) = [one for one in self.services if one.name == service]
        return {
            "serviceDeployments": [
                {"targetServiceRevisionArn": f"{service}/{n}", "createdAt": NOW - timedelta(days=100 - n)}
                for n in range(len(one.released))
            ]
        }

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        revisions = []
        for arn in serviceRevisionArns:
            name, _, number = arn.partition("/")
            (service,) = [one for one in self.services if one.name == name]
            definition = service.released[int(number)]
            revisions.append(
                {
                    "createdAt": NOW - timedelta(days=100 - int(number)),
                    "containerImages": [{"image": image} for image in self.definition(definition)],
                    "taskDefinition": definition,
                }
            )
        return {"serviceRevisions": revisions, "failures": []}

    def list_task_definition_families(self, **_: Any) -> dict[str, Any]:
        return {
            "families": list(dict.fromkeys(arn.rpartition("/")[2].rpartition(":")[0] for arn in self.active))
        }

    def list_task_definitions(self, familyPrefix: str, status: str, **_: Any) -> dict[str, Any]:
        arns = self.active if status == "ACTIVE" else self.inactive
        found = [arn for arn in arns if arn.rpartition("/")[2].startswith(familyPrefix)]
        return {
            "taskDefinitionArns": sorted(found, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True)
        }

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        containers = [{"image": image} for image in self.definition(taskDefinition)]
        return {"taskDefinition": {"containerDefinitions": containers}}

    def list_event_buses(self, **_: Any) -> dict[str, Any]:
        return {"EventBuses": [{"Name": "default"}]}

    def list_rules(self, **_: Any) -> dict[str, Any]:
        return {"Rules": [{"Name": f"rule-{n}", "State": "DISABLED"} for n in range(len(self.rules))]}

    def list_targets_by_rule(self, Rule: str, **_: Any) -> dict[str, Any]:
        starts = {"TaskDefinitionArn": self.rules[int(Rule.partition("-")[2])]}
        return {
            "Targets": [
                {"Id": "1", "Arn": "arn:aws:lambda:::function:f"},
                {"Id": "2", "Arn": CLUSTER, "EcsParameters": starts},
            ]
        }

    def list_schedules(self, **_: Any) -> dict[str, Any]:
        return {
            "Schedules": [
                {"GroupName": "g", "Name": f"s-{n}", "Target": {"Arn": CLUSTER if direct else RUN_TASK}}
                for n, (_, direct) in enumerate(self.schedules)
            ]
        }

    def get_schedule(self, Name: str, **_: Any) -> dict[str, Any]:
        definition, direct = self.schedules[int(Name.partition("-")[2])]
        if direct:
            starts = {"TaskDefinitionArn": definition}
            return {"Target": {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": starts}}
        request = json.dumps({"TaskDefinition": definition})
        return {"Target": {"Arn": RUN_TASK, "RoleArn": ROLE, "Input": request}}

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        return {
            "Stacks": [
                {
                    "StackName": stack.name,
                    "StackId": stack.name,
                    "CreationTime": NOW,
                    "StackStatus": stack.status,
                    "Parameters": [
                        {"ParameterKey": "k", "ParameterValue": word} for word in stack.parameters
                    ],
                }
                for stack in self.stacks
            ]
        }

    def _stack(self, name: str) -> Stack:
        (stack,) = [stack for stack in self.stacks if stack.name == name]
        return stack

    def list_change_sets(self, StackName: str, **_: Any) -> dict[str, Any]:
        waiting = {"ChangeSetId": "c", "Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
        return {"Summaries": [waiting] if self._stack(StackName).waiting else []}

    def get_template(self, StackName: str, ChangeSetName: str | None = None, **_: Any) -> dict[str, Any]:
        stack = self._stack(StackName)
        words = stack.waiting[0] if ChangeSetName and stack.waiting else stack.words
        template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Words": words}}}
        return {"TemplateBody": json.dumps(template)}

    def describe_change_set(self, StackName: str, **_: Any) -> dict[str, Any]:
        waiting = self._stack(StackName).waiting
        words = waiting[1] if waiting else []
        return {"Parameters": [{"ParameterKey": "k", "ParameterValue": word} for word in words]}
