"""The role of one image's builds: it pushes the image, and reads bases, archive and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from scoped_images.cdk.builds.builder import ImageBuild
from scoped_images.cdk.place import repository_arn, stack_of
from scoped_images.cdk.remote.findings import acknowledge_wildcard
from scoped_images.cdk.remote.settings import RemoteSettings
from scoped_images.ecr.actions import PULL, PUSH
from scoped_images.ecr.address import RepositoryAddress
from scoped_images.remote.build_secret import BuildSecret

# A pull-through cache fetches an image, and makes its repository, with the rights of the role that pulls first.
_PULL_THROUGH = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
_READ_SECRET = ["secretsmanager:GetSecretValue"]
_COLON = ArnFormat.COLON_RESOURCE_NAME


def build_role(
    scope: Construct,
    *,
    settings: RemoteSettings,
    build: ImageBuild,
    repository: RepositoryAddress,
    secrets: Sequence[BuildSecret],
    archive_arn: str,
    project_name: str,
) -> iam.Role:
    """Make the role of one image's project.

    With one role for all builds, each image's Dockerfile could overwrite the other images, and a role's own policies,
    10,240 characters in all, hold about ten images.
    """
    stack, spec = stack_of(scope), build.spec
    project = stack.format_arn(service="codebuild", resource="project", resource_name=project_name)
    role = iam.Role(
        scope,
        "Role",
        description=f"Builds {repository.name} for {spec.platform}"[:1000],
        assumed_by=iam.ServicePrincipal(
            "codebuild.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": project}},
        ),
    )
    own = repository_arn(scope, repository)
    bases = [base.uri for base in (spec.base, *spec.named_bases.values()) if base is not None]
    caches = build.cache.imports if build.cache else ()
    mirrored = set(spec.image_contexts.values()) - {f"docker-image://{uri}" for uri in bases}
    # Usually a mirror of the public image.
    buildkit = [settings.buildkit_image] if settings.buildkit_image else []
    read = (*bases, *caches, *mirrored, *buildkit, *spec.outside_images)
    pulled = sorted({*_repository_arns(scope, read)} - {own})
    through = sorted({*_repository_arns(scope, (*mirrored, *buildkit))})
    log = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{settings.log_group_name}:log-stream:{project_name}/*",
        arn_format=_COLON,
    )
    grants: list[tuple[list[str], list[str]]] = [
        # It takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        (["ecr:GetAuthorizationToken"], ["*"]),
        ([*PULL, *PUSH], [own]),
        ([*PULL], pulled),
        (_PULL_THROUGH, through),
        (["s3:GetObject"], [archive_arn]),
        (["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
        *((list(actions), [arn]) for actions, arn in _secret_grants(stack, secrets)),
    ]
    for actions, resources in grants:
        if resources:
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
    acknowledge_wildcard(
        role, "*", "ecr:GetAuthorizationToken takes no resource, nor do a VPC's descriptions"
    )
    acknowledge_wildcard(role, log, "streams of one project, one for each build")
    for actions, arn in _secret_grants(stack, secrets):
        if actions == _READ_SECRET:
            acknowledge_wildcard(role, arn, "Secrets Manager ends an ARN with six characters of its own")
    if secrets:
        for key in settings.secret_keys:
            key.grant_decrypt(role)
    if settings.vpc is not None:
        _grant_network(role, stack)
    return role


def images_of_ecr(refs: Iterable[str]) -> tuple[str, ...]:
    """Return those refs that are in ECR, sorted."""
    return tuple(sorted(ref for ref in refs if RepositoryAddress.find(ref)))


def _repository_arns(scope: Construct, refs: Iterable[str]) -> Iterator[str]:
    """Yield the ARNs of the repositories of those refs that are in ECR; other registries need no right of AWS."""
    addresses = map(RepositoryAddress.find, refs)
    return (repository_arn(scope, address) for address in addresses if address is not None)


def _secret_grants(stack: Stack, secrets: Sequence[BuildSecret]) -> list[tuple[list[str], str]]:
    grants = []
    for secret in sorted(secrets, key=lambda secret: (secret.kind, secret.name)):
        if secret.kind == "SECRETS_MANAGER":
            # Secrets Manager ends every ARN with a dash and six characters of its own.
            arn = stack.format_arn(
                service="secretsmanager",
                resource="secret",
                resource_name=f"{secret.name}-??????",
                arn_format=_COLON,
            )
            grants.append((_READ_SECRET, arn))
        else:
            arn = stack.format_arn(
                service="ssm", resource="parameter", resource_name=secret.name.removeprefix("/")
            )
            grants.append((["ssm:GetParameters"], arn))
    return grants


def _grant_network(role: iam.Role, stack: Stack) -> None:
    """Grant what CodeBuild needs to put a build into a VPC.

    https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html
    """
    role.add_to_policy(
        iam.PolicyStatement(
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
        )
    )
    interfaces = stack.format_arn(service="ec2", resource="network-interface", resource_name="*")
    acknowledge_wildcard(role, interfaces, "a build's interface has no name before it is made")
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["ec2:CreateNetworkInterfacePermission"],
            resources=[interfaces],
            conditions={"StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"}},
        )
    )
