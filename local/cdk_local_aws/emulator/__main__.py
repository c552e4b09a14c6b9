"""`python -m cdk_local_aws.emulator STATE PORT ACCOUNT REGION`: runs the emulated AWS in this process.

cdk_local_aws.emulator.process starts it with the environment that ministack reads while it is imported.
"""

import os
import sys
from pathlib import Path

from cdk_local_aws.emulator.settings import EmulatorSettings


def main() -> None:
    """Serve until SIGTERM."""
    os.umask(0o077)  # only the owner can read its files
    state, port, account, region = sys.argv[1:5]
    settings = EmulatorSettings(state=Path(state), port=int(port), account=account, region=region)
    for folder in (settings.folder, settings.folder / "tmp", settings.registry):
        folder.mkdir(parents=True, exist_ok=True)
    # This import reads the environment, and needs the folders.
    from cdk_local_aws.emulator.server import run  # noqa: PLC0415

    run(settings)


if __name__ == "__main__":
    main()
