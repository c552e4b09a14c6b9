"""The command `scoped-images`. It needs neither CDK nor Docker."""

from scoped_images.command_line.program import main

__all__ = ["main"]
