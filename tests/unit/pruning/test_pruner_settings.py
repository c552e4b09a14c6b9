"""Settings that make no sense are refused, and the others survive their way to the function."""

from __future__ import annotations

from typing import Any

import pytest

from scoped_images.pruning.retention import Retention
from scoped_images.pruning.settings import PrunerSettings
from tests.refusals import refused


def settings(**changes: Any) -> PrunerSettings:
    given = {
        "environment": "dev",
        "repositories": ("app",),
        "regions": ("eu-west-1",),
        "retention": Retention(max_images=3, protect=("v*", "keep-*"), archive_days=90),
    }
    return PrunerSettings(**{**given, **changes})


@pytest.mark.parametrize("bases", [None, (), ("app",)])
def test_survives_its_text(bases: tuple[str, ...] | None) -> None:
    given = settings(bases=bases, dependents=("cdk",), services=("batch",), delete=True)
    assert PrunerSettings.from_text(given.to_text()) == given


def test_a_long_list_is_packed_and_survives_too() -> None:
    given = settings(repositories=tuple(f"team/service-{number}" for number in range(300)))
    assert len(given.to_text()) < 3900
    assert PrunerSettings.from_text(given.to_text()) == given


def test_settings_of_another_release_are_refused() -> None:
    text = settings().to_text().replace("max_images", "max_image")
    with refused(
        "PRUNER_SETTINGS: written by another release of cdk-scoped-images: Retention.__init__() got an unexpected "
        "keyword argument 'max_image'; use the release that deployed the pruner, or deploy it again"
    ):
        PrunerSettings.from_text(text)


def test_what_does_not_fit_is_refused() -> None:
    names = tuple(f"{number * 7919**9 % 10**40:x}" for number in range(1, 400))
    with refused(
        "repositories: too many for a function's environment of 4 KB, got 399; divide them among several pruners"
    ):
        settings(repositories=names).to_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repositories": "app"}, "repositories: must be a tuple of names, got 'app'"),
        ({"regions": ()}, "regions: empty, got (); give at least one"),
        ({"delete": "yes"}, "delete: must be True or False, got 'yes'"),
        ({"services": ("eks",)}, "services: unknown service, got 'eks'; use sagemaker, apprunner, batch"),
        ({"bases": ("bse",)}, "bases: must be one of the repositories, got 'bse'; use app"),
        (
            {"dependents": ("app",)},
            "dependents: 'app' is also in repositories, got both; remove it from one of them",
        ),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], message: str) -> None:
    with refused(message):
        settings(**changes)
