"""The API key: read at run time from Secrets Manager, never part of the image or of the task definition."""

import hmac
import threading
import time
from collections.abc import Callable
from typing import Any


class ApiKey:
    """Compares what a client sent with the secret, read again after `seconds_kept`: a rotation shows."""

    def __init__(
        self,
        client: Any,
        secret_id: str,
        *,
        seconds_kept: float = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._seconds_kept = seconds_kept
        self._clock = clock
        self._lock = threading.Lock()
        self._key = b""
        self._read_at: float | None = None

    def matches(self, candidate: str) -> bool:
        """In constant time, so that answers do not tell how much of a guess was right."""
        return hmac.compare_digest(candidate.encode(), self._current())

    def _current(self) -> bytes:
        with self._lock:  # waitress answers in several threads; one of them reads the secret
            now = self._clock()
            if self._read_at is None or now - self._read_at >= self._seconds_kept:
                key = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
                if not key:
                    raise ValueError(f"secret {self._secret_id} is empty: it would let everybody in")
                self._key, self._read_at = key.encode(), now
            return self._key
