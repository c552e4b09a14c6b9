"""The error that commands print without a traceback."""


class LocalError(Exception):
    """Raised for a mistake that the user can fix; the message says how."""
