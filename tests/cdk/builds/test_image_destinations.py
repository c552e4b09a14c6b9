"""Where the CLI pushes an image: under its content, to each repository, once."""

from __future__ import annotations

import json

from scoped_images import BuildOptions
from tests.cdk.image_users import function_of
from tests.cdk.small_app import SmallApp


def test_cache_options_do_not_change_the_asset(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    small_app.image(small_app.stack("One"), repository=repository, options=BuildOptions(cache=False))
    small_app.image(small_app.stack("Two"), repository=repository)
    files = small_app.synth()
    plain, cached = (files[f"{stack}.assets.json"]["dockerImages"] for stack in ("One", "Two"))
    assert [image["destinations"] for image in plain.values()] == [
        image["destinations"] for image in cached.values()
    ]
    assert [name[-64:] for name in plain] == [name[-64:] for name in cached]


def test_with_a_repository_the_image_is_there_by_its_content_and_nowhere_else(small_app: SmallApp) -> None:
    repository = small_app.repository("app-dev")
    stack = small_app.stack("App")
    image = small_app.image(stack, repository=repository)
    function_of(stack, image)
    (spec,) = image.specs
    files = small_app.synth()
    (asset,) = files["App.assets.json"]["dockerImages"].values()
    (destination,) = asset["destinations"].values()
    assert (destination["repositoryName"], destination["imageTag"]) == ("app-dev", spec.content_tag)
    assert f"/app-dev:{spec.content_tag}" in json.dumps(files["App.template.json"])
    assert "container-assets" not in json.dumps(files["App.template.json"])


def test_equal_images_of_two_repositories_are_published_to_both(small_app: SmallApp) -> None:
    """CDK makes one asset of equal ones."""
    stack = small_app.stack("App")
    for name in ("one", "two"):
        small_app.image(stack, name, repository=small_app.repository(f"{name}-dev"))
    published = {
        place["repositoryName"] for image in small_app.assets() for place in image["destinations"].values()
    }
    assert published == {"one-dev", "two-dev"}


def test_equal_images_of_one_repository_are_built_and_pushed_once(small_app: SmallApp) -> None:
    """Two builds at once might differ in their digest, and a content tag takes one."""
    repository = small_app.repository("app-dev")
    stacks = [small_app.stack(name) for name in ("One", "Two")]
    for stack, name in ((stacks[0], "one"), (stacks[0], "two"), (stacks[1], "three")):
        small_app.image(stack, name, repository=repository)
    files = small_app.synth()
    ((one, first),) = files["One.assets.json"]["dockerImages"].items()
    ((two, second),) = files["Two.assets.json"]["dockerImages"].items()
    # What the CLI tells equal assets of several stacks by.
    assert (one, first["source"], first["destinations"]) == (two, second["source"], second["destinations"])
