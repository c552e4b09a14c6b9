"""Reads what an image's CodeBuild project says about the image, in its environment variables.

The image's stack writes the project, and nobody who may only invoke the function can change it. So the function
takes the name of the project from its event, and everything else from the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoped_images.ecr.tags import late_content_tag

# In the project.
REPOSITORY = "SCOPED_IMAGES_REPOSITORY"
TAG = "SCOPED_IMAGES_TAG"
STACK = "SCOPED_IMAGES_STACK"
_LATE = "SCOPED_IMAGES_ARGUMENT_"
# Added to one build when it starts.
PUBLISHED_TAG = "SCOPED_IMAGES_PUBLISHED_TAG"
REQUEST = "SCOPED_IMAGES_REQUEST"


def late_variable(argument: str) -> str:
    """Return the variable that holds the value of a build argument that only the deploy knows."""
    return f"{_LATE}{argument}"


def secret_variable(number: int) -> str:
    """Return the variable that CodeBuild puts a build secret into."""
    return f"SCOPED_IMAGES_SECRET_{number}"


@dataclass(frozen=True, kw_only=True)
class ImageProject:
    """The project that builds one image for one platform.

    tag: the content tag of the image.
    stack: id of the stack that made the project.
    late_values: values of those build arguments that only the deploy knows.
    minutes: a build that takes longer is stopped.
    """

    name: str
    repository: str
    tag: str
    stack: str
    minutes: int
    late_values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, project: Mapping[str, Any]) -> ImageProject:
        """Read a project as BatchGetProjects answers it."""
        variables = {each["name"]: each["value"] for each in project["environment"]["environmentVariables"]}
        return cls(
            name=project["name"],
            repository=variables[REPOSITORY],
            tag=variables[TAG],
            stack=variables[STACK],
            minutes=int(project["timeoutInMinutes"]),
            late_values={
                name.removeprefix(_LATE): value for name, value in variables.items() if name.startswith(_LATE)
            },
        )

    @property
    def published_tag(self) -> str:
        """The tag in the registry; with late values it ends with 16 digits of their hash.

        The content tag counts their expressions only: one expression may have another value at the next deploy.
        """
        return late_content_tag(self.tag, self.late_values) if self.late_values else self.tag

    @property
    def image(self) -> str:
        """`<repository>:<tag>`, the custom resource's physical id."""
        return f"{self.repository}:{self.published_tag}"
