"""The local environment from a terminal: `python -m local up | run -- COMMAND… | down`."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from local.base_images import ensure_base_images
from local.emulator.pretends import pretends
from local.engine import Engine, ensure_engine
from local.environment import LocalEnvironment, ensure_bootstrapped, ensure_emulator, stop_emulator
from local.errors import LocalError
from local.private_engine import stop_engine

ROOT = Path(__file__).parent.parent
DEFAULT_PORT = 4599


@dataclass(frozen=True)
class Places:
    """Where the local environment lives; the variables let tests run beside a developer's own."""

    state: Path
    port: int

    @classmethod
    def read(cls) -> Places:
        """Read SCOPED_IMAGES_LOCAL_STATE and SCOPED_IMAGES_LOCAL_PORT; by default `.local` and 4599."""
        port = os.environ.get("SCOPED_IMAGES_LOCAL_PORT", str(DEFAULT_PORT))
        if not port.isdecimal():
            raise LocalError(f"SCOPED_IMAGES_LOCAL_PORT is {port!r}, and takes a port number")
        state = Path(os.environ.get("SCOPED_IMAGES_LOCAL_STATE", ROOT / ".local"))
        return cls(state=state.absolute(), port=int(port))

    @property
    def engine(self) -> Path:
        return self.state / "engine"

    @property
    def installed(self) -> Path:
        """Shared by all states of this checkout: it is the same software."""
        return ROOT / ".local" / "engine" / "installed"

    @property
    def environment(self) -> LocalEnvironment:
        return LocalEnvironment(state=self.state / "aws", port=self.port)


def say(line: str) -> None:
    """Tell the user, apart from what a command prints for a pipe."""
    print(line, file=sys.stderr, flush=True)


def up(places: Places) -> tuple[Engine, LocalEnvironment]:
    """Start what is not running: the engine, the base images, the emulated AWS and its bootstrap stack."""
    if shutil.which("cdk") is None:
        raise LocalError("there is no cdk on the path: make installs it, or npm install aws-cdk@2.1148.1")
    engine = ensure_engine(state=places.engine, installed=places.installed, say=say)
    images = ensure_base_images(engine, state=places.state / "base-images", say=say)
    stand_ins = tuple(image.image for image in images if image.stand_in)
    environment = dataclasses.replace(places.environment, stand_ins=stand_ins)
    ensure_emulator(environment, engine, say)
    ensure_bootstrapped(environment, engine, cdk=["cdk"], say=say)
    return engine, environment


def run(places: Places, command: list[str]) -> None:
    """Replace this process by `command`, with the local environment's variables."""
    engine, local = up(places)
    environment = local.process_environment(engine)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - an argument list, no shell
    except FileNotFoundError:
        raise LocalError(f"there is no command {command[0]!r}") from None


def down(places: Places) -> None:
    """Stop the emulated AWS and the private engine; what they hold stays."""
    stop_emulator(places.environment)
    stop_engine(places.engine)


def main() -> None:
    """Run the subcommand."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the local environment")
    commands.add_parser("down", help="stop it; its state stays")
    commands.add_parser("pretends", help="what the emulated AWS only pretends")
    running = commands.add_parser("run", help="run a command in it, starting it first")
    running.add_argument("argv", nargs="+", metavar="COMMAND", help="after --")
    arguments = parser.parse_args()
    try:
        places = Places.read()
        if arguments.command == "up":
            up(places)
        elif arguments.command == "down":
            down(places)
        elif arguments.command == "pretends":
            print("\n".join(f"- {sentence}" for sentence in pretends()))
        else:
            run(places, arguments.argv)
    except LocalError as error:
        sys.exit(f"local: {error}")


if __name__ == "__main__":
    main()
