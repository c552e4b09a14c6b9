"""Run the CDK CLI, and other commands, in an AWS on your own machine."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_local_aws.base_images import ensure_base_images
from cdk_local_aws.emulator.pretends import pretends
from cdk_local_aws.engine import Engine, ensure_engine
from cdk_local_aws.environment import LocalEnvironment, ensure_bootstrapped, ensure_emulator, stop_emulator
from cdk_local_aws.errors import LocalError
from cdk_local_aws.private_engine import stop_engine
from cdk_local_aws.stand_in_images import LAMBDA_PYTHON, stand_in_for

DEFAULT_PORT = 4599


@dataclass(frozen=True)
class Places:
    """The folders and the port of the local environment."""

    state: Path
    port: int
    installed: Path  # the programs of a private engine

    @classmethod
    def read(cls) -> Places:
        """Read LOCAL_AWS_STATE, LOCAL_AWS_PORT and LOCAL_AWS_ENGINE; LocalError for an invalid port."""
        port = os.environ.get("LOCAL_AWS_PORT", str(DEFAULT_PORT))
        if not (port.isdecimal() and 1024 <= int(port) <= 65535):
            raise LocalError(f"LOCAL_AWS_PORT: invalid port, got {port!r}; give a number from 1024 to 65535")
        state = Path(os.environ.get("LOCAL_AWS_STATE", ".local")).absolute()
        installed = os.environ.get("LOCAL_AWS_ENGINE")
        programs = Path(installed).absolute() if installed else state / "engine" / "installed"
        return cls(state=state, port=int(port), installed=programs)

    @property
    def engine(self) -> Path:
        return self.state / "engine"

    @property
    def environment(self) -> LocalEnvironment:
        return LocalEnvironment(state=self.state / "aws", port=self.port)


def say(line: str) -> None:
    """Print to stderr, because stdout may be a pipe."""
    print(line, file=sys.stderr, flush=True)


def up(places: Places, images: Sequence[str]) -> tuple[Engine, LocalEnvironment]:
    """Start the engine and the emulated AWS unless they run, with the base images and the bootstrap stack."""
    if shutil.which("cdk") is None:
        raise LocalError("cdk: the CDK CLI is not on PATH; install it with npm install aws-cdk")
    required = [stand_in_for(image) for image in images]
    engine = ensure_engine(state=places.engine, installed=places.installed, say=say)
    stand_ins = ensure_base_images(engine, state=places.state / "base-images", say=say, stand_ins=required)
    environment = dataclasses.replace(places.environment, stand_ins=stand_ins)
    ensure_emulator(environment, engine, say)
    ensure_bootstrapped(environment, engine, cdk=["cdk"], say=say)
    return engine, environment


def run(places: Places, images: Sequence[str], command: list[str]) -> None:
    """Replace this process by `command`, with the variables of the local environment."""
    engine, local = up(places, images)
    environment = local.process_environment(engine)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - an argument list, no shell
    except FileNotFoundError:
        raise LocalError(f"{command[0]}: command not found") from None


def down(places: Places) -> None:
    """Stop the emulated AWS and the private engine, and keep their state."""
    stop_emulator(places.environment)
    stop_engine(places.engine)


def main() -> None:
    """Run the subcommand."""
    parser = argparse.ArgumentParser(prog="cdk-local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start the local AWS")
    commands.add_parser("down", help="stop it and keep its state")
    commands.add_parser("pretends", help="list what it accepts and does not really do")
    running = commands.add_parser(
        "run", help="start it, and run a command with the variables that lead to it"
    )
    for command in (starting, running):
        command.add_argument(
            "--image",
            action="append",
            default=[],
            metavar="NAME",
            help=f"pull this base image first, or build a stand-in if that fails ({LAMBDA_PYTHON.image})",
        )
    running.add_argument("argv", nargs="+", metavar="COMMAND", help="the command, after --")
    arguments = parser.parse_args()
    try:
        places = Places.read()
        if arguments.command == "up":
            up(places, arguments.image)
        elif arguments.command == "down":
            down(places)
        elif arguments.command == "pretends":
            print("\n".join(f"- {sentence}" for sentence in pretends()))
        else:
            run(places, arguments.image, arguments.argv)
    except LocalError as error:
        sys.exit(f"cdk-local: {error}")


if __name__ == "__main__":
    main()
