"""The CLI builds each named case of the differential suite from exactly its context."""

from __future__ import annotations

from pathlib import Path

from scoped_images import Platform, ScopedImage, ScopedImagesError
from tests.cdk.assembly_folders import entries, expected
from tests.cdk.small_app import SmallApp
from tests.differential.named_cases import named_cases


def test_each_named_case_is_in_the_assembly_entry_by_entry(small_app: SmallApp, tmp_path: Path) -> None:
    """Kind, mode, bytes and link in the folders that the asset manifest names.

    The CLI runs `docker build .` in such a folder; publishing every case through the local AWS would take minutes.
    """
    stack = small_app.stack("App")
    contexts, refused = {}, set()
    for number, (name, case) in enumerate(named_cases().items()):
        folder = tmp_path / f"case-{number}"
        case.create(folder)
        try:
            context = case.context(folder)
        except ScopedImagesError:
            refused.add(name)
            continue
        image = ScopedImage(stack, f"Image{number}", context=context, platform=Platform.LINUX_AMD64)
        contexts[name, image.specs[0].fingerprint] = context
    images = small_app.synth()["App.assets.json"]["dockerImages"]
    assembly = tmp_path / "cdk.out"

    assert {name for name in refused if name.startswith(("builds: ", "mount: ", "modes"))} == set()
    assert set(images) == {fingerprint for _, fingerprint in contexts}
    for (name, fingerprint), context in contexts.items():
        source = images[fingerprint]["source"]
        built = assembly / source["directory"]
        assert entries(built) == expected(context), name
        assert source["dockerFile"] == context.written_dockerfile, name
        further = source.get("dockerBuildContexts", {})
        assert set(further) == set(context.named), name
        for each, named in context.named.items():
            assert entries(built / further[each]) == expected(named), f"{name}: {each}"
