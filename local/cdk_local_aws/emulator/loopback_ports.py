"""Finds free ports of 127.0.0.1 for containers on this machine's own network."""

import socket
import threading

_given: set[int] = set()
_lock = threading.Lock()


def free_port() -> int:
    """Return a port that nothing listens on and that was not returned before."""
    with _lock:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            # A container listens some time later, and until then its port looks free.
            if port not in _given:
                _given.add(port)
                return port
