"""`python -m cdk_local_aws.emulator STATE PORT ACCOUNT REGION`: the emulated AWS in this process.

Started by cdk_local_aws.emulator.process, which sets the environment that ministack reads while it is imported.
"""

import os
import sys
from pathlib import Path

from cdk_local_aws.emulator.settings import EmulatorSettings


def main() -> None:
    """Serve until SIGTERM."""
    os.umask(0o077)  # what it keeps is for its owner only
    state, port, account, region = sys.argv[1:5]
    settings = EmulatorSettings(state=Path(state), port=int(port), account=account, region=region)
    for folder in (settings.folder, settings.folder / "tmp", settings.registry):
        folder.mkdir(parents=True, exist_ok=True)
    # Imported here, not above: ministack reads the environment while it is imported.
    from cdk_local_aws.emulator.server import run  # noqa: PLC0415

    run(settings)


if __name__ == "__main__":
    main()
