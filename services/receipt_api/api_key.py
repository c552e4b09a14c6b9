"""The API key, which is read from Secrets Manager at run time."""

import hmac
import threading
import time
from collections.abc import Callable
from typing import Any


class ApiKey:
    """Compares what a client sent with the secret, which is read again after `seconds_kept`, since it may rotate."""

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
        """Compare in constant time, so that the time of an answer does not reveal how much of a guess is right."""
        return hmac.compare_digest(candidate.encode(), self._current())

    def _current(self) -> bytes:
        with self._lock:  # waitress answers in several threads; one of them reads the secret
            now = self._clock()
            if self._read_at is None or now - self._read_at >= self._seconds_kept:
                key = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
                if not key:
                    raise ValueError(f"secret {self._secret_id} is empty, so every request would be allowed")
                self._key, self._read_at = key.encode(), now
            return self._key
