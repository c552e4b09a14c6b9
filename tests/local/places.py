"""The paths of the repository and of the engine's programs."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".local/engine/installed"  # the same software as the project's own
