"""Shops that place orders over the API from several threads, in portions."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import requests

from tests.support.api_client import ApiClient

SHOPS = 4


def reference_of(number: int) -> str:
    """Return the number that an order is placed under."""
    return f"DRILL-{number:05}"


def recipient_of(number: int) -> str:
    """Return the address that an order's mail goes to."""
    return f"drill-{number:05}@example.com"


class Shops:
    """Places orders in the background; `with` ends it.

    `prepare` is called with an order's number before it is placed.

    Attributes:
        accepted: references of the orders that were answered with 201.
        refused: what else was answered, by reference.
        repeated: how many requests were sent again because their connection broke.
        slowest: seconds that the slowest answer took.
    """

    def __init__(
        self, *, client: Callable[[], ApiClient], prepare: Callable[[int], None] = lambda _: None
    ) -> None:
        self.accepted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.repeated = 0
        self.slowest = 0.0
        self._make_client = client
        self._prepare = prepare
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(SHOPS, thread_name_prefix="shop")
        self._pending: list[Future[None]] = []

    @property
    def answered(self) -> int:
        """How many orders have their answer."""
        return len(self.accepted) + len(self.refused)

    def place(self, numbers: range) -> None:
        """Place these orders, as soon as a thread is free."""
        self._pending += [self._threads.submit(self._place, number) for number in numbers]

    def _place(self, number: int) -> None:
        self._prepare(number)
        reference = reference_of(number)
        try:
            answer = self._post(number)
        except requests.RequestException as error:
            self.refused[reference] = type(error).__name__
            return
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())
        if answer.status_code == 201:
            self.accepted.add(reference)
        else:
            self.refused[reference] = f"{answer.status_code} {answer.text[:200]}"

    def _post(self, number: int) -> requests.Response:
        """Post an order; if the connection breaks, once more under the same key, as shops do."""
        try:
            return self._send(number)
        except requests.ConnectionError:
            self.repeated += 1
            return self._send(number)

    def _send(self, number: int) -> requests.Response:
        reference = reference_of(number)
        return self._client().place_order(
            recipient_of(number), number=reference, idempotency_key=reference
        )

    def _client(self) -> ApiClient:
        # One each: a session of `requests` is no thing to share between threads.
        if not hasattr(self._own, "client"):
            self._own.client = self._make_client()
        client: ApiClient = self._own.client
        return client

    def raise_failures(self) -> None:
        """Raise what a thread fell over, which would be a mistake of the drill."""
        for future in self._pending:
            if future.done():
                future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
