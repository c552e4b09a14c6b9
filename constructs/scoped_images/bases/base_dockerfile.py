"""The library's own Dockerfile of derived bases."""

from __future__ import annotations

from pathlib import Path

DOCKERFILE = Path(__file__).with_name("base.Dockerfile")
