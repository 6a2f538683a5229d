"""A client that means no good meets a real gunicorn: refused with a reason, and nothing suffers."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
import requests

from config import gunicorn
from tests.support.api_client import LINES
from tests.support.web import Web, web_server

pytestmark = [pytest.mark.one_database, pytest.mark.timeout(240)]
ORDER = {"customer": {"email": "ada@example.com"}, "currency": "USD", "lines": LINES}
LIMIT = 1_048_576
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One worker, so that there is one memory to look at and no second one to answer."""
    with web_server(tmp_path_factory.mktemp("hostile")) as server:
        yield server


def post(web: Web, data: Any, **headers: str) -> requests.Response:
    return requests.post(
        f"{web.url}/api/v1/orders/",
        data=data,
        headers={**web.headers, "Content-Type": "application/json", **headers},
        timeout=60,
    )


def deep(levels: int) -> bytes:
    return b'{"metadata": ' + b'{"a": ' * levels + b"1" + b"}" * levels + b"}"


HOSTILE: dict[str, bytes] = {
    "oversized": b'{"metadata": {"a": "' + b"x" * LIMIT + b'"}}',
    "deeply nested": deep(100_000),
    "deeply nested arrays": b'{"lines": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "a number of many digits": b'{"metadata": {"a": ' + b"9" * 500_000 + b"}}",
    "a number with a huge exponent": b'{"metadata": {"a": 1e999999999}}',
    "infinity": b'{"metadata": {"a": Infinity}}',
    "half a surrogate pair": b'{"customer": {"email": "a@example.com", "name": "\\ud800"}}',
    "not UTF-8": b'{"customer": "\xff\xfe"}',
    "UTF-16": json.dumps(ORDER).encode("utf-16"),
    "U+0000": b'{"number": "\\u0000"}',
    "an array": b"[]",
    "nothing": b"",
    "a key twice": b'{"currency": "USD", "currency": "EUR"}',
    "unknown fields": json.dumps({**ORDER, "is_admin": True}).encode(),
    "many unknown fields": json.dumps({f"f{n}": n for n in range(50_000)}).encode(),
    "wrong types": json.dumps(dict.fromkeys(ORDER, 7)).encode(),
    "more lines than it may have": json.dumps({**ORDER, "lines": LINES * 5000}).encode(),
    "header injection in a name": json.dumps(
        {**ORDER, "customer": {"email": "a@example.com", "name": "A\r\nBcc: b@example.com"}}
    ).encode(),
    "header injection in an address": json.dumps(
        {**ORDER, "customer": {"email": "a@example.com\nBcc: b@example.com"}}
    ).encode(),
    "a path as a number": json.dumps({**ORDER, "number": "../../admin"}).encode(),
    "a zero-width quantity": json.dumps(
        {**ORDER, "lines": [{**LINES[0], "quantity": 10**30}]}
    ).encode(),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_with_a_reason(web: Web, what: str) -> None:
    answer = post(web, HOSTILE[what])
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert len(answer.content) < 100_000  # what is quoted is quoted in part


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/orders/..%2f..%2fadmin/",
        "/api/v1/orders/%00/",
        "/api/v1/orders/%ff%fe/",
        "/api/v1//orders/",
        "/api/v1/orders/" + "a" * 5000 + "/",
        "/api/v1/notifications/1%27%20OR%201=1/",
        "/api/v1/notifications/?cursor=%00",
        "/api/v1/notifications/?created_after=" + "9" * 3000,
        "/api/v1/notifications/?" + "&".join(f"a{n}=1" for n in range(300)),
    ],
)
def test_a_trick_in_the_address_is_refused_with_a_reason(web: Web, path: str) -> None:
    answer = requests.get(f"{web.url}{path}", headers=web.headers, timeout=20)
    assert 400 <= answer.status_code < 500, answer.text
    if answer.headers["Content-Type"] != "text/html":  # gunicorn's own, for a line too long
        assert answer.headers["Content-Type"] == "application/problem+json"


def memory(web: Web) -> int:
    """Return the resident memory of the worker process, in bytes."""
    (worker,) = psutil.Process(web.service.pid).children()
    return int(worker.memory_info().rss)


def test_memory_stays_flat_under_hostile_bodies(web: Web) -> None:
    def storm(rounds: int) -> None:
        with ThreadPoolExecutor(4) as pool:
            bodies = [data for _ in range(rounds) for data in HOSTILE.values()]
            assert all(
                answer.status_code < 500 for answer in pool.map(lambda d: post(web, d), bodies)
            )

    storm(4)  # what is imported and cached once is there by now
    before = memory(web)
    storm(4)
    assert memory(web) - before < 40 * MEGABYTE


def open_slowly(web: Web) -> socket.socket:
    """Begin a request whose body does not come."""
    host, _, port = web.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    head = (
        "POST /api/v1/orders/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {web.key}\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n{"
    )
    connection.sendall(head.encode())
    return connection


def test_a_slow_body_ties_up_no_more_than_its_own_thread(web: Web) -> None:
    """All threads of the only worker but one wait for bodies; the last one serves everybody."""
    slow = [open_slowly(web) for _ in range(gunicorn.threads - 1)]
    try:
        time.sleep(0.5)  # for their threads to have begun to read
        for _ in range(5):
            assert post(web, json.dumps(ORDER)).status_code == 201
        for connection in slow:
            connection.sendall(b"x" * 999)
        answers = [connection.recv(65_536) for connection in slow]
    finally:
        for connection in slow:
            connection.close()
    assert all(answer.startswith(b"HTTP/1.1 400") for answer in answers)


def test_a_body_that_ends_too_early_frees_its_thread(web: Web) -> None:
    for _ in range(gunicorn.threads * 2):
        open_slowly(web).close()
    assert post(web, json.dumps(ORDER)).status_code == 201
