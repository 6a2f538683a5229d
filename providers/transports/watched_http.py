"""HTTP with a memory of how far a request came, one deadline, and a bounded answer.

`requests` tells a refused connection from a lost answer only through several layers of exceptions,
and not at all for TLS errors. So the connection itself notes what it is doing.
"""

import io
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import (
    HTTPConnectionPool,
    HTTPResponse,
    HTTPSConnectionPool,
    PoolManager,
    Timeout,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from providers import idle
from providers.errors import Phase

LONGEST_CONNECT = timedelta(seconds=10)
LARGEST_ANSWER = 1_048_576


@dataclass
class Progress:
    """How far the present request has come; None while none was begun."""

    phase: Phase | None = None


_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def watched() -> Iterator[Progress]:
    """Yield the progress of the requests that the block makes in this thread."""
    progress = Progress()
    token = _progress.set(progress)
    try:
        yield progress
    finally:
        _progress.reset(token)


def reach(phase: Phase) -> None:
    """Note how far the request of this thread has come."""
    progress = _progress.get()
    if progress is not None:
        progress.phase = phase


class _NotesConnecting:
    def connect(self) -> None:
        reach(Phase.CONNECT)
        super().connect()  # type: ignore[misc]  # a mixin: the class behind it connects
        reach(Phase.HANDOVER)


class _NotesSending:
    sock: Any

    def send(self, data: Any) -> None:
        # Without a socket the class behind connects first, which notes itself.
        if self.sock is not None:
            reach(Phase.HANDOVER)
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        reach(Phase.RESPONSE)
        idle.awaiting_answer()
        return super().getresponse()  # type: ignore[misc]


class _Connection(_NotesConnecting, _NotesSending, HTTPConnection):
    pass


class _SecureConnection(_NotesConnecting, _NotesSending, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def new_connection(self) -> HTTPConnection:
        """Return a connection that is not open yet, and that this pool knows nothing of."""
        return cast("HTTPConnection", self._new_conn())


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection

    def new_connection(self) -> HTTPConnection:
        """Return a connection as the plain pool does."""
        return cast("HTTPConnection", self._new_conn())


class WatchedAdapter(HTTPAdapter):
    """Sends each request once, within `timeout` over all; reads at most `LARGEST_ANSWER`."""

    def __init__(self, *, timeout: timedelta) -> None:
        self.timeout = timeout
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """Make the pool that direct connections come from."""
        super().init_poolmanager(*args, **keywords)
        _watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **keywords: Any) -> Any:
        """Make the pool that connections through a proxy come from."""
        manager = super().proxy_manager_for(*args, **keywords)
        _watch(manager)
        return manager

    def new_connection(
        self, request: requests.PreparedRequest, *, verify: bool | str
    ) -> HTTPConnection:
        """Return a connection for `request` without a proxy, not yet open; the caller closes it."""
        pool = self.get_connection_with_tls_context(request, verify)
        self.cert_verify(pool, request.url, verify, None)  # type: ignore[no-untyped-call]
        return cast("_Pool | _SecurePool", pool).new_connection()

    def send(
        self, request: requests.PreparedRequest, *args: Any, **keywords: Any
    ) -> requests.Response:
        """Send and read the whole answer.

        Raises:
            requests.RequestException: as `requests` does; `ReadTimeout` also when the answer as a
                whole takes too long, although its bytes keep coming.
        """
        seconds = self.timeout.total_seconds()
        deadline = time.monotonic() + seconds
        limits = Timeout(connect=min(seconds / 2, LONGEST_CONNECT.total_seconds()), total=seconds)
        response = super().send(request, *args, **keywords | {"timeout": limits, "stream": True})
        try:
            body = read_bounded(response.raw, deadline=deadline)
        except (HTTPError, OSError, TimeoutError) as error:
            response.close()
            if response.status_code < 400:
                raise translated(error, request) from error
            # Refused already by its status; only the reasons are incomplete.
            body = b""
        response.raw = io.BytesIO(body)
        return response


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def read_bounded(answer: HTTPResponse, *, deadline: float) -> bytes:
    """Return all of an answer, unpacked.

    Raises:
        OSError: it is larger than `LARGEST_ANSWER`.
        TimeoutError: it is not complete at `deadline` (`time.monotonic()`).
        urllib3.exceptions.HTTPError: it ends early or cannot be unpacked.
    """
    chunks: list[bytes] = []
    size = 0
    # read1 returns what one receive brought; read() waits for all, however slowly it drips.
    while chunk := answer.read1(65_536, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OSError("the answer is too large")
        if answer.length_remaining == 0:
            break  # it is complete, however late this process comes to read it
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
    return b"".join(chunks)


def translated(error: Exception, request: requests.PreparedRequest) -> requests.RequestException:
    """Return the exception of `requests` for one of the layers below it."""
    if isinstance(error, requests.RequestException):
        return error
    # urllib3 calls every failed connection a timed out one, for old times' sake.
    timed_out = isinstance(error, ConnectTimeoutError)
    if timed_out and not isinstance(error, NewConnectionError):
        return requests.exceptions.ConnectTimeout(error, request=request)
    if isinstance(error, TimeoutError):
        return requests.exceptions.ReadTimeout(error, request=request)
    if isinstance(error, ssl.SSLError | SSLError):
        return requests.exceptions.SSLError(error, request=request)
    return requests.exceptions.ConnectionError(error, request=request)
