"""A `requests` session that writes a plain POST itself: same connection, same answer, less work.

For each request `requests` merges settings, parses the address, prepares headers, looks for
cookies, hooks and proxies, and takes a connection from two layers of pools: several times the work
of the HTTP that comes of it. What Anymail posts for most ESPs is a text with some headers, to the
same address each time. That is written here, to the connection that `requests` would have used
(its TLS settings, its proxies' absence, `watched_http`'s notes of how far it came). All else, be it
a form, files, credentials, cookies or a proxy, goes the usual way.

One thing differs: no cookies are kept. An ESP's API has no use for them.
"""

import http.client
import io
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity, get_encoding_from_headers
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from providers import idle
from providers.errors import Phase
from providers.transports.watched_http import (
    LARGEST_ANSWER,
    LONGEST_CONNECT,
    WatchedAdapter,
    reach,
    read_bounded,
    translated,
)

MOST_TARGETS = 8
"""Addresses whose connections are kept; an ESP has one or two."""
NO_TIME = 0.001
"""Seconds; a socket whose timeout is 0 does not wait at all."""
_BROKEN = (HTTPError, http.client.HTTPException, OSError, ValueError)
"""What connecting, writing and reading raise: urllib3, the standard library, and its parsing."""


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where to post, worked out by `requests` once; `line` is the head's beginning."""

    request: requests.PreparedRequest
    connection: HTTPConnection
    line: str


class DirectSession(requests.Session):
    """Posts what is plain itself, within `timeout` over all. Used by one thread at a time."""

    def __init__(self, *, timeout: timedelta) -> None:
        super().__init__()
        self._timeout = timeout
        self._targets: dict[tuple[str, str], _Target] = {}

    @classmethod
    def like(cls, session: requests.Session, *, timeout: timedelta) -> Self:
        """Return a session with all the settings of another, that sends each request once."""
        found = cls(timeout=timeout)
        # As pickling does: `requests` itself names what makes up a session.
        for name in requests.Session.__attrs__:
            setattr(found, name, getattr(session, name))
        for scheme in ("https://", "http://"):
            found.mount(scheme, WatchedAdapter(timeout=timeout))
        return found

    def request(  # type: ignore[override]  # the names are those that Anymail gives
        self, method: str, url: str, *, data: Any = None, headers: Any = None, **options: Any
    ) -> requests.Response:
        """Send a request and read the whole answer.

        Raises:
            requests.RequestException: as `requests` does; see `WatchedAdapter.send`.
        """
        if self._is_plain(url, data, headers or {}, options):
            return self._post(self._target(method, url), data, headers or {})
        return super().request(method, url, data=data, headers=headers, **options)

    def close(self) -> None:
        """Close all connections."""
        self._close_targets()
        super().close()

    def _is_plain(
        self, url: str, data: Any, headers: Mapping[str, Any], options: Mapping[str, Any]
    ) -> bool:
        """Return whether a request, and what this session adds to each, is known here."""
        wanted = {name for name, value in options.items() if value}
        of_session = self.auth or self.params or self.cert or self.proxies or self.cookies
        return (
            isinstance(data, str | bytes)
            and wanted <= {"timeout"}  # ours holds, here as in the adapter
            and all(isinstance(value, str) for value in headers.values())
            and not (of_session or self.trust_env or any(self.hooks.values()))
            and self.verify is not False
            and "@" not in url  # credentials
        )

    def _target(self, method: str, url: str) -> _Target:
        found = self._targets.get((method, url))
        if found is None:
            if len(self._targets) == MOST_TARGETS:
                self._close_targets()
            found = self._targets[method, url] = self._new_target(method, url)
        return found

    def _new_target(self, method: str, url: str) -> _Target:
        request = requests.Request(method, url).prepare()
        address = request.url or ""
        adapter = cast("WatchedAdapter", self.get_adapter(address))
        return _Target(
            request=request,
            connection=adapter.new_connection(request, verify=self.verify or True),
            line=f"{request.method} {request.path_url} HTTP/1.1\r\n"
            f"Host: {urlsplit(address).netloc}\r\n",
        )

    def _close_targets(self) -> None:
        for target in self._targets.values():
            target.connection.close()
        self._targets.clear()

    def _post(
        self, target: _Target, data: str | bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        body = data.encode() if isinstance(data, str) else data
        message = self._head(target, headers, length=len(body)) + body
        deadline = time.monotonic() + self._timeout.total_seconds()
        connection = target.connection
        try:
            answer = self._exchange(connection, message, deadline=deadline)
        except _BROKEN as error:
            connection.close()
            raise translated(error, target.request) from error
        try:
            text = _read(answer, connection, deadline=deadline)
        except _BROKEN as error:
            connection.close()
            if answer.status < 400:
                raise translated(error, target.request) from error
            # Refused already by its status; only the reasons are incomplete.
            text = b""
        finally:
            answer.close()
        if answer.will_close:
            connection.close()
        return _response(answer, text, request=target.request)

    def _head(self, target: _Target, headers: Mapping[str, str], *, length: int) -> bytes:
        usual = cast("Mapping[str, str]", self.headers)
        merged = {name.lower(): (name, value) for name, value in usual.items()}
        merged |= {name.lower(): (name, value) for name, value in headers.items()}
        merged["content-length"] = ("Content-Length", str(length))
        for pair in merged.values():
            check_header_validity(pair)
        lines = "".join([f"{name}: {value}\r\n" for name, value in merged.values()])
        try:
            return f"{target.line}{lines}\r\n".encode("latin-1")
        except UnicodeEncodeError as error:
            raise requests.exceptions.InvalidHeader(str(error)) from error

    def _exchange(
        self, connection: HTTPConnection, message: bytes, *, deadline: float
    ) -> http.client.HTTPResponse:
        """Write a request and read the head of its answer."""
        if connection.sock is not None and not connection.is_connected:
            connection.close()  # the provider did, since the last mail
        if connection.sock is None:
            seconds = self._timeout.total_seconds()
            connection.timeout = min(seconds / 2, LONGEST_CONNECT.total_seconds())
            connection.connect()
        _leave(connection, deadline)
        connection.send(message)
        reach(Phase.RESPONSE)
        idle.awaiting_answer()
        answer = http.client.HTTPResponse(connection.sock, method="POST")
        try:
            answer.begin()
        except BaseException:
            answer.close()  # or the socket stays open for its sake
            raise
        return answer


def _leave(connection: HTTPConnection, deadline: float) -> None:
    """Let the next step on the socket take what is left of the time."""
    connection.sock.settimeout(max(deadline - time.monotonic(), NO_TIME))


def _read(
    answer: http.client.HTTPResponse, connection: HTTPConnection, *, deadline: float
) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # read1 returns what one receive brought; read() waits for all, however slowly it drips.
    while chunk := answer.read1(65_536):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OSError("the answer is too large")
        if answer.length == 0:
            break  # it is complete, however late this process comes to read it
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
        _leave(connection, deadline)
    if answer.length:  # read1 does not say so
        raise http.client.IncompleteRead(b"", answer.length)
    body = b"".join(chunks)
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding == "identity":
        return body
    packed = urllib3.HTTPResponse(
        io.BytesIO(body), headers={"Content-Encoding": encoding}, preload_content=False
    )
    return read_bounded(packed, deadline=deadline)


def _response(
    answer: http.client.HTTPResponse, body: bytes, *, request: requests.PreparedRequest
) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.reason = answer.reason
    response.headers = CaseInsensitiveDict(_joined(answer.headers.items()))
    response.encoding = get_encoding_from_headers(response.headers)
    response.url = request.url or ""
    response.request = request
    response.raw = io.BytesIO(body)
    if response.is_redirect:
        raise requests.TooManyRedirects("Exceeded 0 redirects.", response=response)
    return response


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name; what is there twice is one list, as in RFC 9110 5.3."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
