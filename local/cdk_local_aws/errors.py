"""Errors that the local environment prints without a traceback."""


class LocalError(Exception):
    """A mistake that the user can fix; the message says how."""
