"""The one error that a user's own mistake raises."""

from __future__ import annotations

from scoped_images.printable import printable


class ScopedImagesError(ValueError):
    """A setting, path or wiring is wrong; the message says which, what was got, and what to do.

    The message is safe to print: names in it cannot steer a terminal or a CI service.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
