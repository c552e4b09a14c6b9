"""The app `graph`: a chain of three bases, a diamond of four, and an image on the end of each; a file in each image."""

from __future__ import annotations

from tests.e2e.deployment import Deployment

DEPENDENTS = {
    "one": {"two", "three", "tail"},
    "two": {"three", "tail"},
    "three": {"tail"},
    "root": {"left", "right", "top", "peak"},
    "left": {"top", "peak"},
    "right": {"top", "peak"},
    "top": {"peak"},
    "tail": set(),
    "peak": set(),
}
ALL = set(DEPENDENTS)


def asset(name: str, environment: str = "local") -> str:
    """The display name of an image of the app."""
    if name in ("tail", "peak"):
        return f"graph-{environment}-workloads/{name}"
    return f"graph-{environment}-base-{name}/Image"


def names(assets: list[str] | set[str]) -> set[str]:
    """The images' names in the app, from their display names."""
    known = {asset(name, environment): name for name in ALL for environment in ("local", "static")}
    return {known[each] for each in assets}


def change(deployment: Deployment, name: str) -> None:
    """Another file in an image."""
    with (deployment.project / "images" / name / f"{name}.txt").open("a") as file:
        file.write("changed\n")


def assert_built_from_bases(deployment: Deployment) -> None:
    """Each image has the layers of what it was built FROM below its own."""
    for lower, upper in (
        ("one", "two"),
        ("two", "three"),
        ("three", "tail"),
        ("root", "left"),
        ("root", "right"),
        ("left", "top"),
        ("top", "peak"),
    ):
        base = deployment.layers(asset(lower, deployment.environment))
        assert deployment.layers(asset(upper, deployment.environment))[: len(base)] == base, (lower, upper)
