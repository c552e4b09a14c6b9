"""The CDK_DOCKER program: runs the real docker with ECR host names mapped to the registry on loopback.

Standard library only, and nothing imported from this project: CDK starts it several times per image.
"""

import json
import os
import re
import sys
from collections.abc import Callable

# The registry host names of ECR, with the scheme that CDK puts before them in `docker login`.
ECR_REGISTRY = re.compile(r"(?:https://)?\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\b")

# A build context that is an image, in either spelling of the option's value.
IMAGE_CONTEXT = re.compile(r"((?:--build-context=)?([^=]+)=docker-image://).*")

PORT_VARIABLE = "LOCAL_AWS_REGISTRY_PORT"
DOCKER_VARIABLE = "LOCAL_AWS_DOCKER"
BUILD_ARGUMENTS_VARIABLE = "LOCAL_AWS_BUILD_ARGUMENTS"
STAND_INS_VARIABLE = "LOCAL_AWS_STAND_INS"


def map_registry(argument: str, port: int) -> str:
    """The argument with each ECR registry in it replaced by the one on loopback."""
    return ECR_REGISTRY.sub(f"127.0.0.1:{port}", argument)


def is_build(arguments: list[str]) -> bool:
    """Whether these arguments of docker build an image."""
    return arguments[:1] == ["build"] or (
        arguments[:1] in (["buildx"], ["image"], ["builder"]) and arguments[1:2] == ["build"]
    )


def is_bake(arguments: list[str]) -> bool:
    """Whether these arguments of docker build the targets of a bake file."""
    return arguments[:2] == ["buildx", "bake"]


def use_stand_in(argument: str, stand_ins: list[str]) -> str:
    """The argument, if need be with the stand-in in place of the image that a build context names.

    A stand-in has another digest than what the image is pinned to, and is in no mirror.
    """
    match = IMAGE_CONTEXT.fullmatch(argument)
    return match[1] + match[2] if match and match[2] in stand_ins else argument


def docker_arguments(
    arguments: list[str], *, port: int, build_arguments: list[str], stand_ins: list[str]
) -> list[str]:
    """What the real docker is given for the arguments that CDK gave.

    A build runs on the host's network, because the registry and a private engine know no other, and takes
    the build secrets of this machine (its pip settings and certificates).
    """
    mapped = [map_registry(argument, port) for argument in arguments]
    if not is_build(mapped):
        return mapped
    mapped = [use_stand_in(argument, stand_ins) for argument in mapped]
    words = mapped.index("build") + 1
    has_network = any(a == "--network" or a.startswith("--network=") for a in mapped[words:])
    network = [] if has_network else ["--network", "host"]
    return [*mapped[:words], *network, *build_arguments, *mapped[words:]]


def bake_file(text: str, *, port: int, build_arguments: list[str], stand_ins: list[str]) -> str:
    """A bake file in JSON, with what `docker_arguments` gives a build in each target."""
    content = json.loads(map_registry(text, port))
    secrets = [argument.removeprefix("--secret=") for argument in build_arguments]
    for target in content["target"].values():
        target.setdefault("network", "host")
        target["secret"] = [*target.get("secret", []), *secrets]
        contexts = target.get("contexts", {})
        for name, place in contexts.items():
            if name in stand_ins and place.startswith("docker-image://"):
                contexts[name] = f"docker-image://{name}"
    return json.dumps(content)


def bake_arguments(arguments: list[str], docker: str, content: Callable[[str], str]) -> list[str]:
    """The arguments of a bake, whose file comes from standard input with other content."""
    import subprocess  # noqa: PLC0415 (15 ms, and CDK starts this several times per image)

    option = arguments.index("--file") + 1
    with open(arguments[option]) as file:  # noqa: PTH123 (pathlib takes time to import, too)
        text = content(file.read())
    given = os.memfd_create("bake")
    os.write(given, text.encode())
    os.lseek(given, 0, os.SEEK_SET)
    os.dup2(given, 0)
    arguments = [*arguments[:option], "-", *arguments[option + 1 :]]
    shown = subprocess.run(
        [docker, "buildx", "bake", "--help"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    # Older ones do not know the option, and allow everything.
    if "--allow " in shown.stdout and "--allow=network.host" not in arguments:
        arguments.append("--allow=network.host")
    return arguments


def main() -> None:
    """Become docker: exec keeps standard input, exit code and signals as they are."""
    port = os.environ.get(PORT_VARIABLE, "")
    if not port.isdigit():
        sys.exit(
            f"cdk-docker: {PORT_VARIABLE}: not a port, got {port!r}; set it to the port of the local registry. "
            "Run CDK through `make deploy`, or unset CDK_DOCKER to use docker itself."
        )
    docker = os.environ.get(DOCKER_VARIABLE, "docker")
    build_arguments = json.loads(os.environ.get(BUILD_ARGUMENTS_VARIABLE, "[]"))
    stand_ins = json.loads(os.environ.get(STAND_INS_VARIABLE, "[]"))
    settings = {"port": int(port), "build_arguments": build_arguments, "stand_ins": stand_ins}
    arguments = docker_arguments(sys.argv[1:], **settings)
    if is_bake(arguments):
        arguments = bake_arguments(arguments, docker, lambda text: bake_file(text, **settings))
    try:
        os.execvp(docker, [docker, *arguments])  # noqa: S606 (to become docker is the point: no shell)
    except OSError as error:
        sys.exit(
            f"cdk-docker: cannot run {docker!r} ({error.strerror}). "
            f"{DOCKER_VARIABLE} names the docker to run."
        )


if __name__ == "__main__":
    main()
