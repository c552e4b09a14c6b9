"""From a change to the image in the registry, with the builder emptied before: five ways to build services."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.engine import private_engine
from benchmarks.monorepo import Monorepo, services
from benchmarks.results import OURS, Results, seconds_of
from scoped_images.building.bake import Bake
from scoped_images.building.image_asset import ImageAsset
from scoped_images.building.plan import Target
from scoped_images.context.scoped_context import ScopedContext
from tests.local.debian_registry import debian_registry

PART = "build"


_EVERY_STEP = ("cold", "handler", "dependency", "base")


@dataclass(frozen=True)
class Scale:
    """What to measure.

    cases: for each size of the public image, in bytes, the steps to measure of each number of services.
    rest: bytes of the repository that no image reads.
    """

    cases: Mapping[int, Mapping[int, tuple[str, ...]]]
    requirements: str
    rest: int
    runs: int


SCALES = {
    "quick": Scale({100_000_000: {1: _EVERY_STEP}}, "pydantic==2.13.5\n", 50_000_000, 1),
    "full": Scale(
        {
            200_000_000: {1: _EVERY_STEP, 10: ("cold", "handler"), 50: ("handler",)},
            1_000_000_000: {1: ("cold", "handler")},
            3_000_000_000: {1: ("cold", "handler")},
        },
        "boto3==1.43.106\npandas==3.0.4\npydantic==2.13.5\n",
        500_000_000,
        3,
    ),
}
# Twenty minutes and more, and known from fewer services.
_MOST_OF_WHOLE_REPOSITORY = 10
_PUSH = "type=image,push=true,unpack=false,store=false"


def run(results: Results) -> None:
    """Measure every size of the base, and every number of services."""
    # Else newer releases ask before bake reads a folder that is not the current one.
    os.environ["BUILDX_BAKE_ENTITLEMENTS_FS"] = "0"
    scale = SCALES[results.scale]
    with tempfile.TemporaryDirectory(prefix="bench-build-") as folder, private_engine(Path(folder)) as engine:
        for base, cases in scale.cases.items():
            with debian_registry(Path(folder, f"registry-{base}")) as registry:
                repo = Monorepo(Path(folder, f"project-{base}"), engine, registry)
                repo.write(services=max(cases), requirements=scale.requirements, rest=scale.rest)
                repo.push_public_image(base)
                for images in cases:
                    _measure(results, repo, scale, base, images)
            # Gigabytes, of which the next size needs none.
            shutil.rmtree(Path(folder, f"registry-{base}"))
            shutil.rmtree(Path(folder, f"project-{base}"))


def _measure(results: Results, repo: Monorepo, scale: Scale, base: int, images: int) -> None:
    case = f"base of {base / 1e9:g} GB, {images} image{'s'[: images > 1]}"
    by = Ways(repo)
    ways: dict[str, Callable[[str, int], None]] = {
        "whole repository": by.whole,
        "whole repository, registry cache": by.whole_with_cache,
        f"{OURS}, CDK CLI": by.scoped,
        f"{OURS} build": by.scoped_images_build,
        "docker buildx bake by hand": by.bake,
    }
    if images > _MOST_OF_WHOLE_REPOSITORY:
        ways = {name: way for name, way in ways.items() if not name.startswith("whole")}
    for step in scale.cases[base][images]:
        change = repo.changes()[step]
        # Only the step that happens every day is measured more than once.
        count = scale.runs if step == "handler" and images == 1 else 1
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(count):
            change(number)
            for name, way in ways.items():
                repo.empty_builder()
                seconds[name].append(seconds_of(partial(way, step, images)))
        for name, values in seconds.items():
            results.add(PART, f"{case}, {step}", name, "seconds", values)


@dataclass(frozen=True)
class Ways:
    """The ways to build the services of a monorepo; `step` is what has changed."""

    repo: Monorepo

    def whole(self, _step: str, images: int) -> None:
        """As a stock asset on the root: the CLI builds, then pushes."""
        for name in services(images):
            self._build_and_push(name, self.repo.root, f"{name}.whole.Dockerfile")

    def whole_with_cache(self, _step: str, images: int) -> None:
        """The same, with a registry cache."""
        for name in services(images):
            ref = f"type=registry,ref={self.repo.registry}/{name}:cache{self.repo.round}"
            export = f"{ref},mode=max,image-manifest=true,oci-mediatypes=true"
            cache = (f"--cache-from={ref}", f"--cache-to={export}")
            self._build_and_push(name, self.repo.root, f"{name}.whole.Dockerfile", *cache)

    def scoped(self, step: str, images: int) -> None:
        """As the CLI builds ScopedImages: the base if it changed, then what is built from it, each pushed after."""
        base = f"{self.repo.registry}/base:scoped{self.repo.round}"
        if step != "handler":
            self._scoped("base.Dockerfile", base)
        for name in services(images):
            self._scoped(f"{name}.Dockerfile", f"{self.repo.registry}/{name}:scoped", base)

    def scoped_images_build(self, step: str, images: int) -> None:
        """As `scoped-images build` builds the same contexts, once it knows which tags are missing."""
        base = f"{self.repo.registry}/base:baked{self.repo.round}"
        targets = []
        if step != "handler":
            targets.append(self._target("base", "base.Dockerfile", base))
        for name in services(images):
            contexts = {} if step == "handler" else {base: "target:base"}
            arguments = {"BASE_IMAGE_URI": base}
            tag = f"{self.repo.registry}/{name}:baked"
            targets.append(
                self._target(name, f"{name}.Dockerfile", tag, arguments=arguments, contexts=contexts)
            )
        environment = {**os.environ, **self.repo.engine.environment()}
        succeeded, _ = Bake(docker=str(self.repo.engine.docker), environment=environment).run(
            targets, push=[target.name for target in targets]
        )
        assert succeeded, "the build failed"

    def _target(
        self,
        name: str,
        dockerfile: str,
        tag: str,
        *,
        arguments: dict[str, str] | None = None,
        contexts: dict[str, str] | None = None,
    ) -> Target:
        context = ScopedContext.from_dockerfile(
            self.repo.root, dockerfile, platform="linux/amd64", build_args=arguments
        )
        folder = context.write_into(self.repo.root.parent)
        options = {
            "context": str(folder),
            "dockerfile": str(folder / context.written_dockerfile),
            "args": arguments or {},
            "secret": [each.removeprefix("--secret=") for each in self.repo.secrets],
            "network": "host",
        }
        image = ImageAsset(name=name, stack=name, destinations=(), options=options)
        return Target(name=name, image=image, tags=(tag,), contexts=contexts or {})

    def bake(self, step: str, images: int) -> None:
        """All at once with BuildKit's own push, as somebody who knows BuildKit writes it by hand."""
        base = f"{self.repo.registry}/base:bake{self.repo.round}"
        targets = {
            name: {
                "context": str(self.repo.root),
                "dockerfile": f"{name}.Dockerfile",
                "args": {"BASE_IMAGE_URI": base},
                "tags": [f"{self.repo.registry}/{name}:bake"],
                "output": [_PUSH],
                **({} if step == "handler" else {"contexts": {base: "target:base"}}),
            }
            for name in services(images)
        }
        if step != "handler":
            targets["base"] = {
                "context": str(self.repo.root),
                "dockerfile": "base.Dockerfile",
                "tags": [base],
                "output": [_PUSH],
                "network": "host",
                "secret": [each.removeprefix("--secret=") for each in self.repo.secrets],
            }
        file = self.repo.root.parent / "bake.json"
        file.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))
        self.repo.docker("buildx", "bake", "--file", str(file), "--allow", "network.host")

    def _scoped(self, dockerfile: str, tag: str, base: str = "") -> None:
        context = ScopedContext.from_dockerfile(
            self.repo.root,
            dockerfile,
            platform="linux/amd64",
            build_args={"BASE_IMAGE_URI": base} if base else None,
        )
        folder = Path(tempfile.mkdtemp(dir=self.repo.root.parent)) / "context"
        context.write(folder)
        argument = (f"--build-arg=BASE_IMAGE_URI={base}",) if base else ()
        self._build_and_push(tag, folder, context.written_dockerfile, *argument)
        shutil.rmtree(folder.parent)

    def _build_and_push(self, name: str, folder: Path, dockerfile: str, *options: str) -> None:
        tag = name if ":" in name else f"{self.repo.registry}/{name}:whole"
        file = ("--file", str(folder / dockerfile))
        self.repo.docker(
            "build", "--network=host", *self.repo.secrets, *options, *file, "--tag", tag, str(folder)
        )
        self.repo.docker("push", "--quiet", tag)
