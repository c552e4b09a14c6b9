"""What `scoped-images build` finds in a synthesized assembly."""

from __future__ import annotations

from pathlib import Path

from scoped_images import Platform, ScopedImage
from scoped_images.building.assembly import read_assembly
from scoped_images.building.plan import RegistryState, plan
from tests.cdk.small_app import SmallApp

BOTH = [Platform.LINUX_ARM64, Platform.LINUX_AMD64]


def test_dependents_of_an_index_and_of_a_static_base_are_built_from_its_image_of_their_platform(
    small_app: SmallApp,
) -> None:
    """Neither the index nor `stable` exists before the base's stack is deployed."""
    bases = [
        small_app.base(
            small_app.stack(name),
            name,
            small_app.repository(name.lower()),
            platform=None,
            platforms=BOTH,
            tag=tag,
        )
        for name, tag in (("Index", "content"), ("Static", "static"))
    ]
    stack = small_app.stack("App")
    for base in bases:
        ScopedImage(
            stack,
            f"On{base.node.id}",
            context=small_app.context("app"),
            platforms=BOTH,
            repository=small_app.repository(f"on-{base.node.id.lower()}"),
            base=base,
        )
    small_app.synth()
    assembly = read_assembly(Path(small_app.app.outdir))
    found = plan(
        assembly,
        {
            each: RegistryState(uri=f"{each.repository}:{each.tag}", digest=None)
            for image in assembly.images
            for each in image.destinations
        },
    )
    dependents = [target for target in found.targets if target.image.name.startswith("App/")]
    assert (len(found.targets), len(dependents)) == (8, 4)
    # Their own registry is unknown here, so a base is no target: its content's reference is what counts.
    for target in dependents:
        base = next(base for base in bases if target.image.name == f"App/On{base.node.id}")
        spec = next(spec for spec in base.specs if spec.platform == target.image.platform)
        assert target.contexts[base.uri] == f"docker-image://{base.address.tagged(spec.content_tag)}"
