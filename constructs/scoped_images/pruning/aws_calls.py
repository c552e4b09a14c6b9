"""Calls to AWS that are either answered in full or raise: nothing is deleted on half a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 8
# Below this a batch or a page might not end before Lambda stops the function.
TIME_RESERVE_SECONDS = 30.0


class IncompleteListing(Exception):
    """A call failed, was denied or cut short, so what is in use is not known."""

    @property
    def code(self) -> str | None:
        """AWS's name for the error, such as `AccessDeniedException`, if AWS answered with one."""
        cause = self.__cause__
        return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None


@dataclass(frozen=True)
class Paging:
    """How an operation divides its answer.

    result: key of the items. request, response: the token's names. size: name of the page size and its
    largest value, where the operation has one.
    """

    result: str
    request: str
    response: str
    size: tuple[str, int] | None = None


class AwsCalls:
    """boto3 clients of one region, with retries, a time limit and whole listings.

    seconds_left: the run's remaining time; by default there is no limit.
    on_call: told the service and operation of each call, for a progress bar.
    attempts: of each call; botocore backs off between them, longer each time, up to 20 s.
    """

    def __init__(
        self,
        region: str,
        *,
        session: boto3.Session | None = None,
        seconds_left: Callable[[], float] | None = None,
        on_call: Callable[[str, str], None] | None = None,
        attempts: int = 8,
    ) -> None:
        self.region = region
        self._session = session or boto3.Session()
        self._seconds_left = seconds_left
        self._on_call = on_call
        self._attempts = attempts
        self._clients: dict[str, Any] = {}
        self._making = Lock()

    def in_region(self, region: str) -> AwsCalls:
        """The same in another region."""
        if region == self.region:
            return self
        return AwsCalls(
            region,
            session=self._session,
            seconds_left=self._seconds_left,
            on_call=self._on_call,
            attempts=self._attempts,
        )

    def time_is_up(self) -> bool:
        """Whether another call or batch might not end in time."""
        return self._seconds_left is not None and self._seconds_left() < TIME_RESERVE_SECONDS

    def client(self, service: str) -> Any:
        """The service's client; clients, unlike sessions, may be shared by threads."""
        with self._making:
            if service not in self._clients:
                config = Config(
                    retries={"mode": "standard", "max_attempts": self._attempts},
                    max_pool_connections=_THREADS,
                    connect_timeout=10,
                    read_timeout=60,
                )
                self._clients[service] = self._session.client(service, region_name=self.region, config=config)
            return self._clients[service]

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Call once, with botocore's retries. Raises IncompleteListing for any error."""
        if self.time_is_up():
            raise IncompleteListing(f"{service} {operation} in {self.region}: the run's time is up")
        if self._on_call:
            self._on_call(service, operation)
        try:
            answer: dict[str, Any] = getattr(self.client(service), operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise IncompleteListing(f"{service} {operation} in {self.region}: {error}") from error
        return answer

    def list_all(self, service: str, operation: str, paging: Paging, /, **parameters: Any) -> list[Any]:
        """Every item of every page. Raises IncompleteListing for an error or a listing that was cut short."""
        size = paging.size[1] if paging.size else None
        items, ends_empty = self._pages(service, operation, paging, size, parameters=parameters)
        if ends_empty:
            # Some services promise one page too many. Pages of another size tell that from a page lost.
            again = None
            if size is not None:
                again, _ = self._pages(service, operation, paging, size - 1, parameters=parameters)
            if not items or again is None or len(again) != len(items):
                raise IncompleteListing(
                    f"{service} {operation} in {self.region} was cut short: after {len(items)} items it promised "
                    "more and sent an empty page"
                )
        return items

    def _pages(
        self,
        service: str,
        operation: str,
        paging: Paging,
        size: int | None,
        *,
        parameters: Mapping[str, Any],
    ) -> tuple[list[Any], bool]:
        items: list[Any] = []
        tokens: set[str] = set()
        request = dict(parameters)
        if paging.size and size is not None:
            request[paging.size[0]] = size
        while True:
            answer = self.call(service, operation, **request)
            page = answer.get(paging.result)
            if not isinstance(page, list):
                raise IncompleteListing(
                    f"{service} {operation} in {self.region} answered without {paging.result!r}"
                )
            items += page
            token = answer.get(paging.response)
            if not token:
                return items, bool(tokens) and not page
            if token in tokens:
                raise IncompleteListing(
                    f"{service} {operation} in {self.region} was cut short: it goes round in circles"
                )
            tokens.add(token)
            request[paging.request] = token

    def for_each(self, items: Iterable[T], function: Callable[[T], R]) -> list[R]:
        """`function` of each item, some at a time, in order; the first error ends it all."""
        with ThreadPoolExecutor(_THREADS) as pool:
            futures = [pool.submit(function, item) for item in items]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:
                    future.cancel()
