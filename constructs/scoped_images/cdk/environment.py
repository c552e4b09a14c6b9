"""The deployment environments of cdk.json's context, read once and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from aws_cdk import Environment as StackEnvironment

from scoped_images.cdk.arguments import expect_environment_name, is_token
from scoped_images.cdk.checked import checked
from scoped_images.errors import ScopedImagesError
from scoped_images.expect import got
from scoped_images.image.build_options import BuildOptions
from scoped_images.platform import Platform
from scoped_images.upstream.mirrors import expect_mirrors

BaseTag = Literal["content", "git", "static", "frozen"]

_CHOICES = {
    "base_tag": get_args(BaseTag),
    "removal_policy": ("destroy", "retain"),
    "pruning": ("report", "delete"),
    "builder": ("local", "remote"),
}
# Environment variables that apps read these settings from.
_SET_BY_THE_CLI = {"account": "CDK_DEFAULT_ACCOUNT", "region": "CDK_DEFAULT_REGION"}


class _WrongSettingError(ScopedImagesError):
    """A setting has a wrong value. In an environment of cdk.json, `read` says so."""

    def __init__(self, kind: str, key: str, value: object, expected: str) -> None:
        self.key = key
        self.problem = f"must be {expected}, got {value!r}"
        problem, way_out = self.problem, f"correct it where the app makes its {kind}"
        if is_token(value):
            problem = f"must be {expected}, got a token"
            way_out = "use a literal, because images are built before CloudFormation knows tokens"
        elif value is None and key in _SET_BY_THE_CLI:
            way_out = (
                f"{_SET_BY_THE_CLI[key]} is set only when the cdk CLI runs the app with credentials; run it that way, or "
                "use a literal"
            )
        super().__init__(f"{kind}.{key}: {problem}; {way_out}")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One place to deploy to: `Environment(name="dev", account="111111111111", region="eu-west-1")`.

    name: part of physical names; 1-20 lower-case letters, digits and dashes, a letter first.
    account: AWS account, 12 digits.
    region: AWS region, such as `us-east-1`.
    platform: what every image is built for and run on. Defaults to `linux/amd64`.
    max_images: how many content-tagged images each repository keeps beside those in use, at least 1. Defaults to 30.
    untagged_days: days after which an untagged image expires, at least 1. Defaults to 7.
    base_tag: `content`, the default, and `git` rebuild dependents when a base changes; `static` leaves them on `stable`;
        `frozen` does not even rebuild the base until `scoped-images bases refresh`.
    pruning: `report` makes the image pruner report daily what it would delete, `delete` makes it delete. Without
        it, ECR keeps the newest `max_images` and deletes the others, even if something uses them.
    removal_policy: `retain`, the default, keeps repositories, tables and buckets when their stack is deleted; `destroy`
        deletes them.
    builder: `local`, the machine that deploys, or `remote`, AWS CodeBuild. Defaults to `local`.
    mirrors: where to pull public images from, by their registry. Defaults to the registries themselves.
    cache_export: whether builds write their registry caches. Defaults to true; false for builds of unreviewed code.
    require_pins: whether synth fails if an external image is not pinned by a digest. Defaults to false.

    Derive a frozen dataclass from it to add the settings of your own app.
    """

    name: str
    account: str
    region: str
    platform: Platform = Platform.LINUX_AMD64
    max_images: int = 30
    untagged_days: int = 7
    base_tag: BaseTag = "content"
    removal_policy: str = "retain"
    pruning: str | None = None
    builder: str | None = None
    mirrors: Mapping[str, str] | None = None
    cache_export: bool = True
    require_pins: bool = False

    def __post_init__(self) -> None:
        expect_environment_name("name", self.name)
        self.require("account", _matches(self.account, r"\d{12}"), _digits(self.account))
        is_region = _matches(self.region, r"[a-z]{2,}(-[a-z]+)+-\d")
        self.require("region", is_region, "a region such as 'eu-west-1'")
        platform = Platform.parse(self.platform, name=f"{type(self).__name__}.platform")
        object.__setattr__(self, "platform", platform)
        for key in ("max_images", "untagged_days"):
            value = getattr(self, key)
            # Python reads a JSON `true` as an int.
            is_count = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 9999
            self.require(key, is_count, "a whole number from 1 to 9999")
        for key, choices in _CHOICES.items():
            optional = key in ("pruning", "builder") and getattr(self, key) is None
            expected = " or ".join(repr(choice) for choice in choices)
            self.require(key, optional or getattr(self, key) in choices, expected)
        for key in ("cache_export", "require_pins"):
            self.require(key, isinstance(getattr(self, key), bool), "true or false")
        if self.mirrors is not None:
            self.require("mirrors", isinstance(self.mirrors, Mapping), "an object of registries")
            expect_mirrors(self.mirrors)

    @property
    def builds_remotely(self) -> bool:
        """Whether images are built by AWS and not by the machine that deploys."""
        return self.builder == "remote"

    @property
    def destroys(self) -> bool:
        """Whether deleting a stack deletes its repositories, tables and buckets too."""
        return self.removal_policy == "destroy"

    @property
    def place(self) -> StackEnvironment:
        """Account and region, for stacks: `Stack(app, "Functions", env=environment.place)`."""
        return StackEnvironment(account=self.account, region=self.region)

    @checked()
    def build_options(self, options: BuildOptions) -> BuildOptions:
        """Return options that write caches and require pins as this environment says."""
        return replace(
            options,
            cache_export=options.cache_export and self.cache_export,
            upstream=options.upstream.requiring_pins() if self.require_pins else options.upstream,
        )

    @classmethod
    @checked()
    def read(cls, environments: object, name: str) -> Self:
        """Read environment `name` from the context value `environments`.

        Raises ScopedImagesError for an unknown environment or key, missing keys, or a value of another type.
        """
        if environments is not None and not isinstance(environments, Mapping):
            raise ScopedImagesError(
                f"environments: must be the context's value of that key, an object of environments, got "
                f"{got(environments)}; pass app.node.get_context('environments')"
            )
        if not environments:
            raise ScopedImagesError(
                "environments: missing in the context; run cdk in the folder that holds cdk.json, "
                "or pass App(context={'environments': {…}})"
            )
        if name not in environments and isinstance(environments.get("environments"), Mapping):
            raise ScopedImagesError(
                "environments: must be the context's value of that key, got the whole context; pass "
                "context['environments'], or app.node.get_context('environments')"
            )
        if name not in environments:
            known = ", ".join(sorted(map(str, environments)))
            raise ScopedImagesError(f"environments: unknown environment, got {name!r}; known are {known}")
        settings = environments[name]
        if not isinstance(settings, Mapping):
            raise ScopedImagesError(
                f"environments.{name}: must be an object of settings, got {settings!r}; change it in cdk.json"
            )
        given = cls._known_settings(name, settings)
        if "platform" in given:
            Platform.parse(given["platform"], name=f"environments.{name}.platform")
        try:
            return cls(name=name, **given)
        except _WrongSettingError as error:
            raise ScopedImagesError(
                f"environments.{name}.{error.key}: {error.problem}; change it in cdk.json"
            ) from None

    @classmethod
    def _known_settings(cls, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        keys = {field.name: field.default for field in fields(cls) if field.name != "name"}
        unknown = sorted(settings.keys() - keys.keys())
        missing = [key for key, default in sorted(keys.items()) if default is MISSING and key not in settings]
        # A misspelled key is both.
        faults = [f"unknown {', '.join(unknown)}"] if unknown else []
        faults += [f"missing {', '.join(missing)}"] if missing else []
        if faults:
            ways_out = [f"known are {', '.join(sorted(keys))}"] if unknown else []
            ways_out += ["add what is missing to cdk.json"] if missing else []
            raise ScopedImagesError(f"environments.{name}: {' and '.join(faults)}; {'; '.join(ways_out)}")
        return dict(settings)

    def require(self, key: str, holds: bool, expected: str) -> None:
        """Raise ScopedImagesError unless a setting holds, also one that an app has added. expected: what it must be."""
        if not holds:
            raise _WrongSettingError(type(self).__name__, key, getattr(self, key), expected)


def _digits(account: object) -> str:
    """Say what an account must be: quotes are what a number in cdk.json lacks."""
    return "12 digits" if account is None or is_token(account) else "12 digits in quotes"


def _matches(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
