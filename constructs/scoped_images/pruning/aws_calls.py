"""Calls to AWS that either return a whole answer or raise: no image is deleted after half a listing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.paginate import Paginator

from scoped_images.pruning.answer import Answer, IncompleteListing

T = TypeVar("T")
R = TypeVar("R")

# With less time left, a batch or a page might not finish before Lambda stops the function.
TIME_RESERVE_SECONDS = 30.0

# The largest page that each service returns. botocore knows the name of the parameter.
_PAGE_SIZES = {
    "apprunner": 20,
    "batch": 100,
    "ecr": 1000,
    "ecs": 100,
    "events": 100,
    "lambda": 50,
    "sagemaker": 100,
    "scheduler": 100,
}
_TOKENS = ("nextToken", "NextToken", "NextMarker")


class AwsCalls:
    """boto3 clients of one region, with retries, a time limit and whole listings.

    seconds_left: returns the run's remaining time; by default there is no limit.
    on_call: gets the service and operation of each call, for a progress bar.
    attempts: how often to try each call; botocore waits longer before each retry, at most 20 s.
    threads: how many calls to make at once.
    """

    def __init__(
        self,
        region: str,
        *,
        session: boto3.Session | None = None,
        seconds_left: Callable[[], float] | None = None,
        on_call: Callable[[str, str], None] | None = None,
        attempts: int = 8,
        threads: int = 8,
    ) -> None:
        self.region = region
        self._session = session or boto3.Session()
        self._seconds_left = seconds_left
        self._on_call = on_call
        self._attempts = attempts
        self._threads = threads
        self._clients: dict[str, Any] = {}
        self._making = Lock()

    def in_region(self, region: str) -> AwsCalls:
        """Return the same calls in another region."""
        if region == self.region:
            return self
        there = copy.copy(self)
        there.region = region
        there._clients = {}
        return there

    def time_is_up(self) -> bool:
        """Return whether another call or batch might not finish in time."""
        return self._seconds_left is not None and self._seconds_left() < TIME_RESERVE_SECONDS

    def client(self, service: str) -> Any:
        """Return the service's client. Threads may share a client, but not a session."""
        with self._making:
            if service not in self._clients:
                config = Config(
                    retries={"mode": "standard", "max_attempts": self._attempts},
                    max_pool_connections=self._threads,
                    connect_timeout=10,
                    read_timeout=60,
                )
                self._clients[service] = self._session.client(service, region_name=self.region, config=config)
            return self._clients[service]

    def call(self, service: str, operation: str, /, **parameters: Any) -> Answer:
        """Call once, with botocore's retries. Raises IncompleteListing for any error."""
        return self._answer(
            service, operation, lambda: getattr(self.client(service), operation)(**parameters)
        )

    def list_parts(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[Answer]:
        """Return the structures below `key` of every page. Raises IncompleteListing for half a listing."""
        return [
            part for page in self.pages(service, operation, key, **parameters) for part in page.parts(key)
        ]

    def list_texts(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[str]:
        """Return the strings below `key` of every page. Raises IncompleteListing for half a listing."""
        return [
            text for page in self.pages(service, operation, key, **parameters) for text in page.texts(key)
        ]

    def pages(
        self, service: str, operation: str, key: str, /, *, page_size: int | None = None, **parameters: Any
    ) -> Iterator[Answer]:
        """Yield every page. Raises IncompleteListing if one is missing.

        No token may come twice, or the pages would never end: botocore refuses only one that comes twice in a row.
        A service may promise one page too many after a full page. After a page that was not full, or whose
        full size is unknown, an empty last page means that items are missing.
        """
        size = page_size or _PAGE_SIZES.get(service)
        raw = _raw_pages(self.client(service), operation, key, size, parameters)
        count = 0
        had_room = False
        tokens: set[str] = set()
        while True:
            page = self._answer(service, operation, lambda: next(raw))
            items = page.items(key, object)
            token = next((str(page.fields[name]) for name in _TOKENS if page.fields.get(name)), None)
            if token in tokens:
                raise IncompleteListing(
                    f"{page.source} would never end: it sent one token for the next page twice"
                )
            if token is None and not items and had_room:
                raise IncompleteListing(
                    f"{page.source} was cut short: after {count} items it promised more and sent an empty page"
                )
            yield page
            if token is None:
                return
            tokens.add(token)
            count += len(items)
            had_room = size is None or len(items) < size

    def _answer(self, service: str, operation: str, call: Callable[[], dict[str, Any]]) -> Answer:
        source = f"{service} {operation} in {self.region}"
        if self.time_is_up():
            raise IncompleteListing(f"{source}: the run's time is up")
        if self._on_call:
            self._on_call(service, operation)
        try:
            return Answer(source, call())
        except (ClientError, BotoCoreError) as error:
            raise IncompleteListing(f"{source}: {error}") from error

    def for_each(self, items: Iterable[T], function: Callable[[T], R]) -> list[R]:
        """Return `function` of each item, in order; run some at a time, and stop at the first error."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(function, items))

    def collect(self, items: Iterable[T], function: Callable[[T], Iterable[R]]) -> list[R]:
        """Return what `function` finds for each item, in order, in one list."""
        return [found for several in self.for_each(items, function) for found in several]


def _raw_pages(
    client: Any, operation: str, key: str, size: int | None, parameters: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if client.can_paginate(operation):
        config = {} if size is None else {"PageSize": size}
        return iter(client.get_paginator(operation).paginate(**parameters, PaginationConfig=config))
    # botocore has no paginator for these; they take the token under the name that they return it under.
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    token = next(name for name in _TOKENS if name in model.input_shape.members)
    names = {"input_token": token, "output_token": token, "result_key": key}
    return iter(Paginator(getattr(client, operation), names, model).paginate(**parameters))
