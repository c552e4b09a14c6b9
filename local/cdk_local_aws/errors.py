"""Errors of the local environment that are shown to the user as they are."""


class LocalError(Exception):
    """Something that the user can put right; its message says how."""
