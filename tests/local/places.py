"""Where the repository and the engine's programs are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".local/engine/installed"  # the same software as the project's own
