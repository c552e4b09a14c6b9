"""What goes and what stays, in an account that moto plays."""

from __future__ import annotations

import json

import boto3

from scoped_images.pruning.run import make_plan, prune
from tests.lambdas.test_image_pruner.account import ACCOUNT, HOST, REGION, ROLE, Cloud, calls, run, settings


def test_everything_goes_but_the_newest(cloud: Cloud) -> None:
    cloud.push_many(4)
    report = run()
    assert (report.outcome, report.problems) == ("done", [])
    assert cloud.tags() == {"sha-003"}
    assert [image.tags for image in report.deleted] == [("sha-002",), ("sha-001",), ("sha-000",)]


def test_a_dry_run_deletes_nothing_and_says_what_would_go(cloud: Cloud) -> None:
    cloud.push_many(3)
    report = run(delete=False)
    assert cloud.tags() == {"sha-000", "sha-001", "sha-002"}
    assert [image.tags[0] for image in report.selected] == ["sha-001", "sha-000"]
    assert report.deleted == report.left == []


def test_the_image_of_a_function_stays_and_the_one_before_it(cloud: Cloud) -> None:
    cloud.push_many(9)
    cloud.function("f", "sha-004")
    run()
    assert cloud.tags() == {"sha-003", "sha-004", "sha-008"}


def test_a_version_that_only_an_alias_uses_keeps_its_image(cloud: Cloud) -> None:
    cloud.push_many(9)
    cloud.function("f", "sha-002")
    client = boto3.client("lambda")
    version = client.publish_version(FunctionName="f")["Version"]
    client.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    resolved = f"{HOST}/app@{cloud.digests['sha-002']}"
    cloud.version_codes[version] = {"ImageUri": f"{HOST}/app:stable", "ResolvedImageUri": resolved}
    client.update_function_code(FunctionName="f", ImageUri=f"{HOST}/app:sha-006")
    report = run()
    assert {"sha-002", "sha-006"} <= cloud.tags()
    assert "sha-004" not in cloud.tags()
    why = {image.tags[0]: why for image, why in report.kept}
    assert why["sha-006"] == "in use by lambda f:$LATEST"
    assert why["sha-002"] == "in use by lambda f:1"


def test_a_stopped_services_task_definition_keeps_its_image(cloud: Cloud) -> None:
    """Its family's last revision is what a start would run."""
    cloud.push_many(9)
    ecs = boto3.client("ecs")
    ecs.create_cluster(clusterName="c")
    cloud.task_definition("api", f"{HOST}/app:sha-002")
    ecs.create_service(cluster="c", serviceName="api", taskDefinition="api", desiredCount=0)
    run()
    assert "sha-002" in cloud.tags()
    assert "sha-004" not in cloud.tags()


def test_a_familys_older_revision_stays_within_the_window_deregistered_or_not(cloud: Cloud) -> None:
    cloud.push_many(9)
    arns = [cloud.task_definition("api", f"{HOST}/app@{cloud.digests[f'sha-00{n}']}") for n in (0, 2, 4)]
    boto3.client("ecs").deregister_task_definition(taskDefinition=arns[1])
    report = run()
    assert cloud.tags() == {"sha-002", "sha-004", "sha-008"}
    assert ("sha-002", f"one of the last releases of ecs family api in {REGION}") in [
        (image.tags[0], why) for image, why in report.kept
    ]


def test_a_disabled_rules_task_keeps_its_image(cloud: Cloud) -> None:
    cloud.push_many(9)
    oldest = cloud.task_definition("job", f"{HOST}/app:sha-001")
    for _ in range(3):
        cloud.task_definition("job", f"{HOST}/app:sha-008")
    events = boto3.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)", State="DISABLED")
    target = {"Id": "1", "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "RoleArn": ROLE}
    events.put_targets(
        Rule="nightly", Targets=[{**target, "EcsParameters": {"TaskDefinitionArn": oldest, "TaskCount": 1}}]
    )
    report = run()
    assert "sha-001" in cloud.tags()
    assert "in use by event rule nightly" in [why for _, why in report.kept]


def test_a_schedules_task_keeps_its_image(cloud: Cloud) -> None:
    cloud.push_many(9)
    oldest = cloud.task_definition("job", f"{HOST}/app:sha-001")
    for _ in range(3):
        cloud.task_definition("job", f"{HOST}/app:sha-008")
    boto3.client("scheduler").create_schedule(
        Name="hourly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c",
            "RoleArn": ROLE,
            "EcsParameters": {"TaskDefinitionArn": oldest},
        },
    )
    report = run()
    assert "in use by schedule hourly" in [why for image, why in report.kept if image.tags == ("sha-001",)]


def test_a_tag_in_a_template_or_a_parameter_keeps_its_image(cloud: Cloud) -> None:
    cloud.push_many(9)
    template = {
        "Parameters": {"Tag": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "sha-001"}}},
    }
    boto3.client("cloudformation").create_stack(
        StackName="s",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Tag", "ParameterValue": "sha-003"}],
    )
    run()
    assert cloud.tags() == {"sha-001", "sha-003", "sha-008"}


def test_children_of_a_kept_index_stay_and_of_no_index_go(cloud: Cloud) -> None:
    child = cloud.push(None, days=300)
    orphan = cloud.push(
        None,
        days=300,
        manifest={
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {},
            "layers": [{"size": 1, "digest": "sha256:other"}],
        },
    )
    index = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "schemaVersion": 2,
        "manifests": [
            {"digest": child, "size": 1, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
        ],
    }
    cloud.push("sha-999", days=10, manifest=index)
    report = run()
    assert [image.digest for image in report.deleted] == [orphan]
    assert {image.digest: why for image, why in report.kept}[child] == "part of index sha-999"


def test_the_base_named_in_a_kept_images_annotations_stays(cloud: Cloud) -> None:
    cloud.repository("base")
    cloud.push_many(5, repository="base")
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2,
        "config": {},
        "layers": [],
        "annotations": {"org.opencontainers.image.base.name": f"{HOST}/base:sha-001"},
    }
    cloud.push("sha-app", days=10, manifest=manifest)
    report = run(repositories=("app", "base"))
    assert cloud.tags("base") == {"sha-001", "sha-004"}
    assert "base of app:sha-app" in [why for _, why in report.kept]


def test_the_base_of_an_image_in_a_repository_that_is_only_read_stays(cloud: Cloud) -> None:
    cloud.repository("base")
    cloud.push_many(5, repository="base")
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {},
        "layers": [],
        "annotations": {"org.opencontainers.image.base.name": f"{HOST}/base:sha-002"},
    }
    cloud.push("old", days=300, manifest=manifest)
    run(repositories=("base",), dependents=("app",))
    assert cloud.tags("base") == {"sha-001", "sha-002", "sha-004"}
    assert cloud.tags("app") == {"old"}


def test_a_deleted_repository_is_reported_and_the_others_are_pruned(cloud: Cloud) -> None:
    cloud.push_many(2)
    report = run(repositories=("gone", "app"))
    assert report.missing == ["gone"]
    assert (report.outcome, cloud.tags()) == ("done", {"sha-001"})


def test_a_second_run_deletes_nothing_more(cloud: Cloud) -> None:
    cloud.push_many(6)
    cloud.function("f", "sha-002")
    assert len(run().deleted) == 3
    assert run().deleted == []


def test_a_deployment_between_selection_and_deletion_keeps_its_image(cloud: Cloud) -> None:
    cloud.push_many(4)
    plan = make_plan(calls(), settings())
    assert "sha-000" in [tag for image in plan.selection.deleted for tag in image.tags]
    cloud.function("late", "sha-000")
    report = prune(calls(), settings(), plan=plan)
    assert cloud.tags() == {"sha-000", "sha-003"}
    assert [(image.tags[0], why) for image, why in report.spared] == [
        ("sha-000", "in use by lambda late:$LATEST")
    ]


def test_time_that_runs_out_stops_between_batches_and_says_what_is_left(cloud: Cloud) -> None:
    cloud.push_many(151)
    made: list[str] = []

    def seconds_left() -> float:
        return 10.0 if "batch_delete_image" in made else 1000.0

    aws = calls(seconds_left=seconds_left, on_call=lambda _service, operation: made.append(operation))
    report = prune(aws, settings())
    assert report.outcome == "out of time"
    assert (len(report.deleted), len(report.left)) == (100, 50)
    assert len(cloud.tags()) == 51


def test_time_that_is_up_before_anything_is_known_deletes_nothing(cloud: Cloud) -> None:
    cloud.push_many(3)
    report = prune(calls(seconds_left=lambda: 5.0), settings())
    assert report.outcome == "failed"
    assert "the run's time is up" in report.problems[0]
    assert len(cloud.tags()) == 3


def test_without_a_base_to_delete_no_image_is_asked_for_its_base(cloud: Cloud) -> None:
    cloud.repository("base")
    cloud.push("sha-base", days=90, repository="base")
    cloud.push_many(5)
    made: list[tuple[str, str]] = []
    of_both = settings(repositories=("app", "base"), bases=("base",))
    report = prune(calls(on_call=lambda *call: made.append(call)), of_both)
    assert len(report.deleted) == 4
    assert ("ecr", "batch_get_image") not in made
