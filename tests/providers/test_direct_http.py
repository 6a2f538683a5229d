"""A session that writes a plain POST itself does what `requests` does, and leaves it the rest."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import requests

from providers.errors import Phase
from providers.transports import watched_http
from providers.transports.direct_http import DirectSession
from providers.transports.watched_http import WatchedAdapter, watched
from tests.providers.tls_server import Tls
from tests.support.http_endpoint import Answer, HttpEndpoint

TIMEOUT = timedelta(seconds=2)
PLAIN: dict[str, Any] = {
    "data": '{"subject": "주문"}',
    "headers": {"Content-Type": "application/json", "X-Token": "secret"},
    "params": None,
    "files": None,
    "auth": None,
    "timeout": 30,
}


def usual() -> requests.Session:
    """Return a session as Anymail makes it, with our adapter."""
    session = requests.Session()
    session.headers["User-Agent"] = "django-anymail/1"
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter(timeout=TIMEOUT))
    return session


@pytest.fixture
def session() -> Iterator[DirectSession]:
    with DirectSession.like(usual(), timeout=TIMEOUT) as found:
        yield found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """The requests that went the usual way."""
    found: list[requests.PreparedRequest] = []
    really = WatchedAdapter.send

    def send(self: Any, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> Any:
        found.append(request)
        return really(self, request, *args, **keywords)

    monkeypatch.setattr(WatchedAdapter, "send", send)
    return found


@contextmanager
def answering(*answers: bytes, tls: Tls | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server that answers a request a connection, and what it received."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    received: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = listener.accept()
                if tls is not None:
                    connection = tls.context().wrap_socket(connection, server_side=True)
            except OSError:
                return
            with connection, suppress(OSError):  # a client that gave up
                received.append(connection.recv(65_536))
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        scheme = "https" if tls else "http"
        yield f"{scheme}://localhost:{listener.getsockname()[1]}/", received


def answer(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    promised = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join((b"HTTP/1.1 200 OK", promised, *headers, b"", body))


@pytest.mark.parametrize("data", ['{"subject": "주문"}', b"\x00bytes", ""])
def test_a_plain_post_arrives_as_requests_would_have_sent_it(
    *, session: DirectSession, endpoint: HttpEndpoint, written: list[Any], data: Any
) -> None:
    url = f"{endpoint.url}/email?a=b%20c"
    direct = session.request("POST", url, **PLAIN | {"data": data})
    assert written == []
    with usual() as plain:
        expected = plain.request(method="POST", url=url, **PLAIN | {"data": data})
    ours, theirs = endpoint.received
    assert (ours.path, ours.body) == (theirs.path, theirs.body)
    assert {name.lower(): value for name, value in ours.headers.items()} == {
        name.lower(): value for name, value in theirs.headers.items()
    }
    for name in ("status_code", "reason", "url", "text", "encoding", "ok"):
        assert getattr(direct, name) == getattr(expected, name)
    assert direct.json() == {}
    assert direct.headers.keys() == expected.headers.keys()


@pytest.mark.parametrize(
    "options",
    [
        {"data": {"to": "ada@example.com"}},
        {"data": {"to": "a"}, "files": [("attachment", ("a.txt", "text", "text/plain"))]},
        {"data": None, "json": {"to": "ada@example.com"}},
        {"auth": ("key", "secret")},
        {"params": {"key": "secret"}},
        {"headers": {"X-Bytes": b"bytes"}},
        {"headers": {"User-Agent": None}},
        {"allow_redirects": True},
        {"data": None},
    ],
)
def test_what_is_not_plain_goes_the_usual_way(
    *, session: DirectSession, endpoint: HttpEndpoint, written: list[Any], options: Any
) -> None:
    session.request("POST", endpoint.url, **PLAIN | options)
    assert len(written) == len(endpoint.received) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auth", ("key", "secret")),
        ("params", {"key": "secret"}),
        ("proxies", {"https": "http://proxy.invalid"}),
        ("verify", False),
        ("trust_env", True),
        ("hooks", {"response": [lambda response, **_: response]}),
    ],
)
def test_a_session_that_adds_something_goes_the_usual_way(
    *, session: DirectSession, endpoint: HttpEndpoint, written: list[Any], name: str, value: Any
) -> None:
    setattr(session, name, value)
    session.request("POST", endpoint.url, **PLAIN)
    assert len(written) == len(endpoint.received) == 1


def test_a_proxy_of_the_environment_is_used(
    use_providers: Any, new_mail: Any, endpoint: HttpEndpoint, monkeypatch: Any
) -> None:
    from providers.sending import send

    monkeypatch.setenv("HTTP_PROXY", endpoint.url)
    use_providers(EMAIL_PROVIDERS="resend", RESEND_API_KEY="k", RESEND_API_URL="http://esp.invalid")
    endpoint.queue(Answer(body='{"id": "1"}'))
    assert send("resend", new_mail()).provider_message_id == "1"
    assert endpoint.received[0].path == "http://esp.invalid/emails"


def test_a_certificate_of_the_environments_bundle_is_trusted(
    *, use_providers: Any, new_mail: Any, monkeypatch: Any, tls: Tls, written: list[Any]
) -> None:
    from providers.sending import send

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.certificate))
    with answering(answer(b'{"id": "1"}'), tls=tls) as (url, _):
        use_providers(EMAIL_PROVIDERS="resend", RESEND_API_KEY="k", RESEND_API_URL=url)
        assert send("resend", new_mail()).provider_message_id == "1"
    assert written == []


def test_connections_are_kept(session: DirectSession, endpoint: HttpEndpoint) -> None:
    for _ in range(3):
        session.request("POST", endpoint.url, **PLAIN)
    assert len({one.client for one in endpoint.received}) == 1


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(session: DirectSession) -> None:
    with answering(answer(b"1"), answer(b"2")) as (url, received):
        assert session.request("POST", url, **PLAIN).text == "1"
        threading.Event().wait(0.05)
        assert session.request("POST", url, **PLAIN).text == "2"
    assert len(received) == 2


def test_a_server_that_says_it_closes_gets_no_further_request_there(
    session: DirectSession, endpoint: HttpEndpoint
) -> None:
    endpoint.queue(Answer(headers={"Connection": "close"}))
    for _ in range(2):
        session.request("POST", endpoint.url, **PLAIN)
    assert len({one.client for one in endpoint.received}) == 2


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"later"), "later"),
        (answer(gzip.compress(b"packed", mtime=0), b"Content-Encoding: gzip"), "packed"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
    ],
)
def test_every_way_of_answering_is_read(session: DirectSession, raw: bytes, text: str) -> None:
    with answering(raw) as (url, _):
        assert session.request("POST", url, **PLAIN).text == text


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"half", length=8),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"no answer at all\r\n\r\n",
        answer(b"not packed", b"Content-Encoding: gzip"),
        answer(gzip.compress(b"0" * 3_000_000, mtime=0), b"Content-Encoding: gzip"),
        b"",
    ],
)
def test_an_answer_that_breaks_off_or_bursts_is_none(session: DirectSession, raw: bytes) -> None:
    with (
        answering(raw) as (url, _),
        watched() as progress,
        pytest.raises(requests.ConnectionError),
    ):
        session.request("POST", url, **PLAIN)
    assert progress.phase is Phase.RESPONSE


def test_headers_that_come_twice_are_one_list(session: DirectSession) -> None:
    with answering(answer(b"", b"Warning: one", b"warning: two")) as (url, _):
        assert session.request("POST", url, **PLAIN).headers["Warning"] == "one, two"


@pytest.mark.parametrize(
    ("name", "value"), [("X-Token", "secret\r\nX-Other: 1"), ("X\n", "1"), ("X-Token", "비밀")]
)
def test_a_header_that_would_be_two_is_not_sent(
    *, session: DirectSession, endpoint: HttpEndpoint, name: str, value: str
) -> None:
    with watched() as progress, pytest.raises(requests.exceptions.InvalidHeader):
        session.request("POST", endpoint.url, **PLAIN | {"headers": {name: value}})
    assert progress.phase is None
    assert endpoint.received == []


@pytest.mark.parametrize("url", ["no address", "ftp://example.com", "http://"])
def test_an_address_that_is_none_fails_before_anything_is_begun(
    session: DirectSession, url: str
) -> None:
    with watched() as progress, pytest.raises(requests.RequestException):
        session.request("POST", url, **PLAIN)
    assert progress.phase is None


class Phases(watched_http.Progress):
    """Keeps each phase that is reached."""

    def __init__(self) -> None:
        self.reached: list[Phase] = []
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "phase" and value not in (None, *self.reached[-1:]):
            self.reached.append(value)


def test_the_phases_are_those_of_requests(
    session: DirectSession, endpoint: HttpEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_http, "Progress", Phases)
    of_each = []
    for way in (session, usual()):
        with way, watched() as progress:
            for _ in range(2):
                way.request("POST", endpoint.url, **PLAIN)
            assert isinstance(progress, Phases)
            of_each.append(progress.reached)
    again = [Phase.HANDOVER, Phase.RESPONSE]
    assert of_each == [[Phase.CONNECT, *again, *again]] * 2
