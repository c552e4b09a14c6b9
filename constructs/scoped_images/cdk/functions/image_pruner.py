"""A scheduled function that deletes images, or archives them, when nothing uses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from scoped_images.cdk.annotations import acknowledge
from scoped_images.cdk.app.app_register import register_of
from scoped_images.cdk.app.architectures import lambda_architecture
from scoped_images.cdk.arguments import expect_environment_name
from scoped_images.cdk.checked import checked
from scoped_images.cdk.functions.function_code import function_code, function_role, function_runtime
from scoped_images.cdk.place import is_known, path_of, place_of
from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.pruning.retention import Retention
from scoped_images.pruning.settings import METRICS_NAMESPACE, PrunerSettings

# All of these list or describe. `lambda:GetFunction` also returns a link to the code of a zip function; the pruner calls
# it for image functions only. GetFunctionConfiguration and ListVersionsByFunction do not return the image: their
# CodeSha256 is "the SHA256 hash of the deployment package", which no document equates with the image's digest.
_READ_ANYWHERE = [
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    # DescribeStacks without a name requires this too.
    "cloudformation:ListStacks",
    "ecs:DescribeServiceRevisions",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ListClusters",
    "ecs:ListServiceDeployments",
    "ecs:ListServices",
    "ecs:ListTaskDefinitionFamilies",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "events:ListEventBuses",
    "events:ListRules",
    "events:ListTargetsByRule",
    "lambda:GetFunction",
    "lambda:ListFunctions",
    "lambda:ListVersionsByFunction",
    "scheduler:GetSchedule",
    "scheduler:ListSchedules",
]
_READ_WHERE_SWITCHED_ON = {
    "sagemaker": ["sagemaker:DescribeModel", "sagemaker:DescribeModelPackage", "sagemaker:ListModels"],
    "apprunner": ["apprunner:DescribeService", "apprunner:ListServices"],
    "batch": ["batch:DescribeJobDefinitions"],
}


class ImagePruner(Construct):
    """Deletes or archives content-tagged images beyond `retention` that nothing in the account uses.

    By default it only reports, and its role cannot delete; `delete=True` changes both. If a run cannot tell
    what is in use, it deletes nothing and raises an alarm.
    """

    @checked()
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        repositories: Sequence[str],
        retention: Retention,
        bases: Sequence[str] | None = None,
        dependents: Sequence[str] = (),
        services: Sequence[str] = (),
        other_regions: Sequence[str] = (),
        delete: bool = False,
        exclusive: bool = True,
        schedule: events.Schedule | None = None,
        alarm_actions: Iterable[cloudwatch.IAlarmAction] = (),
    ) -> None:
        """Prune the repositories of this stack's account and region that `repositories` names.

        environment_name: part of the function's name, `image-pruner-<environment_name>`, by which
            `scoped-images prune` finds it.
        retention: which images to keep; its `archive_days` archives unused images in place of deleting them.
        bases: those of `repositories` that hold base images, by default all of them. Naming them saves calls:
            the run reads the bases of images only if it would delete an image from one of these.
        dependents: further repositories, such as CDK's own, whose images were built from the pruned ones.
            The run reads them and keeps the bases of their images.
        services: further services whose images count as in use: `sagemaker`, `apprunner`, `batch`.
        other_regions: further regions where something may run these images.
        exclusive: reserve one concurrent execution, so that the function never runs twice at once. Set False in
            an account whose quota (10 in new accounts) leaves none to reserve.
        schedule: by default once a day, at 03:17 UTC.
        alarm_actions: what the alarms do, such as publishing to an SNS topic; by default nothing.
        """
        super().__init__(scope, construct_id)
        expect_environment_name(f"environment_name of {path_of(self)!r}", environment_name)
        place = place_of(self)
        for key, values in (("region", [place.region]), ("repositories", repositories)):
            for value in values:
                if not is_known(value):
                    raise ScopedImagesError(
                        f"{key}: only known while CloudFormation deploys, got a token in {self.node.path!r}; use "
                        "literal names, and a stack with a literal account and region"
                    )
        self.settings = PrunerSettings(
            environment=environment_name,
            repositories=tuple(repositories),
            bases=None if bases is None else tuple(bases),
            dependents=tuple(dependents),
            retention=retention,
            regions=(place.region, *other_regions),
            services=tuple(services),
            delete=delete,
        )
        self._read = iam.PolicyStatement(
            actions=["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"],
            resources=self._arns((*self.settings.repositories, *self.settings.dependents)),
        )
        self._prune = iam.PolicyStatement(
            actions=[
                "ecr:BatchDeleteImage",
                *(["ecr:UpdateImageStorageClass"] if retention.archive_days is not None else []),
            ],
            resources=self._arns(self.settings.repositories),
        )
        self.dead_letters = self._dead_letters()
        self.function = self._function(exclusive=exclusive)
        rule = events.Rule(
            self,
            "Schedule",
            description="Starts the image pruner",
            schedule=schedule or events.Schedule.cron(hour="3", minute="17"),
        )
        rule.add_target(
            targets.LambdaFunction(self.function, retry_attempts=2, dead_letter_queue=self.dead_letters)
        )
        self.alarms = self._alarms()
        actions = list(alarm_actions)
        if actions:
            for alarm in self.alarms:
                alarm.add_alarm_action(*actions)
        register_of(self).before_aspects(self._keep_moving_tags)

    @checked()
    def add_repository(self, name: str, *, holds_bases: bool = False) -> None:
        """Prune a further repository.

        holds_bases: whether other images are built from its images.
        """
        settings = self.settings
        if name in settings.repositories:
            return
        bases = settings.bases
        self.settings = replace(
            settings,
            repositories=(*settings.repositories, name),
            bases=(*bases, name) if holds_bases and bases is not None else bases,
        )
        self._read.add_resources(*self._arns([name]))
        self._prune.add_resources(*self._arns([name]))

    def _keep_moving_tags(self) -> None:
        """Protect the moving tags of the app's images that `content_tags` match."""
        place, settings = place_of(self), self.settings
        tags = register_of(self).moving_tags(
            account=place.account, region=place.region, names=settings.repositories
        )
        retention = settings.retention
        pruned = [tag for tag in tags if retention.is_content(tag) and not retention.protects(tag)]
        protect = (*retention.protect, *dict.fromkeys(pruned))
        self.settings = replace(settings, retention=replace(retention, protect=protect))
        self.function.add_environment("PRUNER_SETTINGS", self.settings.to_text())

    def _dead_letters(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(queue, "SQS3", "this is a dead-letter queue")
        return queue

    def _function(self, *, exclusive: bool) -> lambda_.Function:
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._role(log_group)
        return lambda_.Function(
            self,
            "Function",
            function_name=f"image-pruner-{self.settings.environment}",
            description="Deletes or archives container images that nothing uses",
            runtime=function_runtime(),
            architecture=lambda_architecture(Platform.LINUX_ARM64),
            handler="index.handler",
            code=function_code("pruner"),
            memory_size=512,
            timeout=Duration.minutes(15),
            environment={"PRUNER_SETTINGS": self.settings.to_text()},
            role=role,
            log_group=log_group,
            dead_letter_queue=self.dead_letters,
            retry_attempts=1,
            reserved_concurrent_executions=1 if exclusive else None,
        )

    def _role(self, log_group: logs.LogGroup) -> iam.Role:
        description = "Reads which images are in use, and deletes or archives others of its own repositories"
        role = function_role(self, "Role", description=description, log_group=log_group)
        settings = self.settings
        further = [action for service in settings.services for action in _READ_WHERE_SWITCHED_ON[service]]
        role.add_to_policy(iam.PolicyStatement(actions=[*_READ_ANYWHERE, *further], resources=["*"]))
        role.add_to_policy(self._read)
        if settings.delete:
            role.add_to_policy(self._prune)
        acknowledge(
            role,
            "IAM5[Resource::*]",
            "any workload of the account may use an image; these actions only list and describe",
        )
        return role

    def _arns(self, names: Iterable[str]) -> list[str]:
        return [f"{place_of(self).repositories_arn}{name}" for name in names]

    def _alarms(self) -> list[cloudwatch.Alarm]:
        failed = cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name="Failed",
            dimensions_map={"Environment": self.settings.environment},
            statistic="Maximum",
            period=Duration.hours(1),
        )
        errors = self.function.metric_errors(period=Duration.hours(1))
        dead = self.dead_letters.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=Duration.hours(1)
        )
        return [
            cloudwatch.Alarm(
                self,
                name,
                alarm_description=description,
                metric=metric,
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for name, description, metric in (
                ("Failed", "A run could not tell what is in use, and stopped", failed),
                ("Errors", "The image pruner ended with an error, or ran out of time or memory", errors),
                ("Unstarted", "A run of the image pruner failed twice or never started", dead),
            )
        ]
