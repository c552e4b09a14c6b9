"""The one error that a user's own mistake raises."""


class ScopedImagesError(ValueError):
    """A setting, path or wiring is wrong; the message says which, what was got, and what to do."""
