"""The command `scoped-images`: what goes into a build context, and which images are pruned; no CDK, no Docker."""

from scoped_images.command_line.program import main

__all__ = ["main"]
