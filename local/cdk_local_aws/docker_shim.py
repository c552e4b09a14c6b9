"""Runs the real docker as CDK_DOCKER, with ECR host names mapped to the registry on loopback.

It imports only the standard library, because CDK starts it several times per image.
"""

import json
import os
import re
import sys
from collections.abc import Callable

# ECR's host names, and the scheme that CDK puts before them in `docker login`.
ECR_REGISTRY = re.compile(r"(?:https://)?\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\b")

# A build context that is an image, in either spelling of the option's value.
IMAGE_CONTEXT = re.compile(r"((?:--build-context=)?([^=]+)=docker-image://).*")

PORT_VARIABLE = "LOCAL_AWS_REGISTRY_PORT"
DOCKER_VARIABLE = "LOCAL_AWS_DOCKER"
BUILD_ARGUMENTS_VARIABLE = "LOCAL_AWS_BUILD_ARGUMENTS"
STAND_INS_VARIABLE = "LOCAL_AWS_STAND_INS"


def map_registry(argument: str, port: int) -> str:
    """Replace each ECR registry in an argument by the one on loopback."""
    return ECR_REGISTRY.sub(f"127.0.0.1:{port}", argument)


def is_build(arguments: list[str]) -> bool:
    """Return whether these arguments of docker build an image."""
    return arguments[:1] == ["build"] or (
        arguments[:1] in (["buildx"], ["image"], ["builder"]) and arguments[1:2] == ["build"]
    )


def use_stand_in(argument: str, stand_ins: list[str]) -> str:
    """Replace the image of a build context by its stand-in, if it has one.

    A stand-in has another digest than the pinned image, and no mirror has it.
    """
    match = IMAGE_CONTEXT.fullmatch(argument)
    return match[1] + match[2] if match and match[2] in stand_ins else argument


def docker_arguments(
    arguments: list[str], *, port: int, build_arguments: list[str], stand_ins: list[str]
) -> list[str]:
    """Return the real docker's arguments for those of CDK.

    A build gets the host's network, where the registry is, and this machine's pip settings and certificates as secrets.
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
    """Change each target of a bake file, in JSON, as `docker_arguments` changes a build."""
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
    """Return the arguments of a bake that reads its changed file from standard input."""
    import subprocess  # noqa: PLC0415 (it takes 15 ms, and CDK starts this several times per image)

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
    # Older versions lack the option, and allow everything.
    if "--allow " in shown.stdout and "--allow=network.host" not in arguments:
        arguments.append("--allow=network.host")
    return arguments


def main() -> None:
    """Replace this process by docker, which keeps standard input, exit code and signals."""
    port = os.environ.get(PORT_VARIABLE, "")
    if not port.isdigit():
        sys.exit(
            f"cdk-docker: {PORT_VARIABLE}: not a port, got {port!r}; run CDK through `cdk-local run --`, or unset "
            "CDK_DOCKER to use docker itself"
        )
    docker = os.environ.get(DOCKER_VARIABLE, "docker")
    build_arguments = json.loads(os.environ.get(BUILD_ARGUMENTS_VARIABLE, "[]"))
    stand_ins = json.loads(os.environ.get(STAND_INS_VARIABLE, "[]"))
    settings = {"port": int(port), "build_arguments": build_arguments, "stand_ins": stand_ins}
    arguments = docker_arguments(sys.argv[1:], **settings)
    if arguments[:2] == ["buildx", "bake"]:
        arguments = bake_arguments(arguments, docker, lambda text: bake_file(text, **settings))
    try:
        os.execvp(docker, [docker, *arguments])  # noqa: S606 (an argument list, no shell)
    except OSError as error:
        sys.exit(f"cdk-docker: {DOCKER_VARIABLE}: cannot run docker ({error.strerror}), got {docker!r}")


if __name__ == "__main__":
    main()
