"""The deployment environments of cdk.json's context, read once and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from scoped_images.errors import ScopedImagesError
from scoped_images.platform import Platform
from scoped_images.upstream.mirrors import Mirrors

BaseTag = Literal["content", "git", "static"]

BASE_TAGS: tuple[BaseTag, ...] = get_args(BaseTag)
BUILDERS = ("local", "remote")
PRUNING = ("report", "delete")
REMOVAL_POLICIES = ("destroy", "retain")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One place to deploy to.

    account: AWS account, 12 digits.
    region: AWS region, such as `us-east-1`.
    platform: what every image is built for and run on.
    max_images: how many content-tagged images each repository keeps beside those in use, at least 1.
    untagged_days: days after which an untagged image expires, at least 1.
    base_tag: `content` and `git` rebuild dependents when a base changes; `static` leaves them on `stable`.
    pruning: without it ECR itself keeps the newest `max_images`, whatever is in use; `report` has the image pruner
        say daily what it would delete, `delete` has it do so.
    removal_policy: what becomes of repositories, tables and buckets when their stack goes.
    builder: `local`, the machine that deploys and the default, or `remote`, AWS CodeBuild.
    mirrors: registries to pull public images from, by the registry that they are in; by default none.
    certificate_arn, domain_name: ACM certificate and name of the service's public HTTPS listener; without them
        the service listens on HTTP inside its VPC only.
    """

    name: str
    account: str
    region: str
    platform: Platform
    max_images: int
    untagged_days: int
    base_tag: BaseTag
    removal_policy: str
    pruning: str | None = None
    builder: str | None = None
    mirrors: Mapping[str, str] | None = None
    certificate_arn: str | None = None
    domain_name: str | None = None

    def __post_init__(self) -> None:
        self._check("account", self.account, r"\d{12}", "12 digits in quotes")
        self._check("region", self.region, r"[a-z]{2,}(-[a-z]+)+-\d", "a region such as 'eu-west-1'")
        Platform.parse(self.platform, name=self._property("platform"))
        for key in ("max_images", "untagged_days"):
            self._check_count(key, getattr(self, key))
        self._check_choice("base_tag", self.base_tag, BASE_TAGS)
        self._check_choice("removal_policy", self.removal_policy, REMOVAL_POLICIES)
        if self.pruning is not None:
            self._check_choice("pruning", self.pruning, PRUNING)
        if self.builder is not None:
            self._check_choice("builder", self.builder, BUILDERS)
        if self.mirrors is not None:
            if not isinstance(self.mirrors, Mapping):
                raise ScopedImagesError(
                    f"{self._property('mirrors')} is {self.mirrors!r}, and takes an object of registries"
                )
            Mirrors(places=self.mirrors)
        if (self.certificate_arn is None) != (self.domain_name is None):
            raise ScopedImagesError(
                f"{self._property('certificate_arn')} and {self._property('domain_name')} go together: the certificate "
                "is the name's"
            )
        if self.domain_name is not None:
            self._check(
                "domain_name",
                self.domain_name,
                r"[a-z0-9-]+(\.[a-z0-9-]+)+",
                "a name such as 'api.example.com'",
            )
        if self.certificate_arn is not None:
            self._check("certificate_arn", self.certificate_arn, r"arn:aws[\w-]*:acm:\S+", "an ACM ARN")

    @property
    def builds_remotely(self) -> bool:
        """Whether images are built by AWS and not by the machine that deploys."""
        return self.builder == "remote"

    @property
    def destroys(self) -> bool:
        """Whether deleting a stack deletes its repositories, tables and buckets too."""
        return self.removal_policy == "destroy"

    @classmethod
    def read(cls, environments: object, name: str) -> Environment:
        """Read environment `name` from the context value `environments`.

        Raises ScopedImagesError for an unknown environment or key, a missing key, or a value of another type.
        """
        if not isinstance(environments, Mapping) or not environments:
            raise ScopedImagesError(
                "cdk.json's context has no 'environments': run cdk in the folder that holds cdk.json, "
                "or give them with App(context={'environments': {…}})"
            )
        if name not in environments:
            known = ", ".join(sorted(environments))
            raise ScopedImagesError(f"there is no environment {name!r} in cdk.json; there are: {known}")
        settings = environments[name]
        if not isinstance(settings, Mapping):
            raise ScopedImagesError(f"environments.{name} is {settings!r}, and must be an object of settings")
        return cls(name=name, **_known_settings(name, settings))

    def _property(self, key: str) -> str:
        return f"environments.{self.name}.{key}"

    def _check(self, key: str, value: Any, pattern: str, takes: str) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ScopedImagesError(f"{self._property(key)} is {value!r}, and takes {takes}")

    def _check_count(self, key: str, value: Any) -> None:
        # A JSON `true` is a Python int, and no count.
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 9999:
            raise ScopedImagesError(
                f"{self._property(key)} is {value!r}, and takes a whole number from 1 to 9999"
            )

    def _check_choice(self, key: str, value: Any, choices: tuple[str, ...]) -> None:
        if value not in choices:
            takes = " or ".join(repr(choice) for choice in choices)
            raise ScopedImagesError(f"{self._property(key)} is {value!r}, and takes {takes}")


def _known_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
        raise ScopedImagesError(
            f"environment {name!r} is part of physical names: use 1-20 lower-case letters, digits and dashes"
        )
    optional = {field.name for field in fields(Environment) if field.default is None}
    keys = {field.name for field in fields(Environment)} - {"name"}
    for key in settings:
        if key not in keys:
            known = ", ".join(sorted(keys))
            raise ScopedImagesError(f"environments.{name}.{key} is no setting; there are: {known}")
    for key in sorted(keys - optional):
        if key not in settings:
            raise ScopedImagesError(f"environments.{name}.{key} is missing")
    platform = Platform.parse(settings["platform"], name=f"environments.{name}.platform")
    return {**settings, "platform": platform}
