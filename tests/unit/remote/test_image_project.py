"""The function reads from an image's project what the image's stack wrote there."""

from __future__ import annotations

from scoped_images.remote.image_project import ImageProject
from tests.unit.remote.requests import PROJECT, STACK_ID, project


def test_a_project_names_its_image_its_stack_and_its_time() -> None:
    read = ImageProject.read(project())
    assert (read.name, read.image, read.stack, read.minutes) == (
        PROJECT,
        "upload-dev:sha-0123456789ab",
        STACK_ID,
        30,
    )


def test_late_values_are_part_of_the_tag() -> None:
    """One expression may have another value at the next deploy, and the image of the old value has its own tag."""
    one, same, other = (
        ImageProject.read(project(URL=url)) for url in ("https://a", "https://a", "https://b")
    )
    assert one.published_tag.startswith("sha-0123456789ab-")
    assert len(one.published_tag) == len("sha-0123456789ab-") + 16
    assert one.published_tag == same.published_tag
    assert one.published_tag != other.published_tag
    assert one.late_values == {"URL": "https://a"}
