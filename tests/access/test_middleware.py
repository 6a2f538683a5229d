"""Request ids, addresses that no database takes, and the bound on bodies."""

import io
import json
import uuid
from typing import Any

import pytest
import structlog
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.wsgi import application

# Django closes stale database connections around each request that comes by WSGI.
pytestmark = pytest.mark.django_db
ECHO = "/api/v1/echo/"
LIMIT = 2_000


@pytest.fixture
def limit(settings: Settings) -> int:
    settings.API_MAX_BODY_BYTES = LIMIT
    return LIMIT


def body_of(length: int) -> bytes:
    return b'{"a": "' + b"x" * (length - 9) + b'"}'


class Unreadable(io.RawIOBase):
    """A socket that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("The body was read.")


def call(**environ: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Call the site as a WSGI server does; return status, headers and JSON."""
    base = {**RequestFactory().post(ECHO).environ, "CONTENT_TYPE": "application/json"}
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        told.update(status=int(status.split(maxsplit=1)[0]), headers=dict(headers))

    body = b"".join(application({**base, **environ}, start))
    return told["status"], told["headers"], json.loads(body)


def test_a_request_without_an_id_gets_one(client: Client) -> None:
    first, second = (client.get("/api/problems/").headers["X-Request-ID"] for _ in range(2))
    assert uuid.UUID(first) != uuid.UUID(second)


def test_a_sane_id_is_kept_and_in_the_log_lines(with_key: Client) -> None:
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        response = with_key.get("/api/v1/baskets/", headers={"X-Request-ID": "shop-7/Order:12"})
    assert response.headers["X-Request-ID"] == "shop-7/Order:12"
    assert [line["request_id"] for line in lines if line["event"] == "seen"] == ["shop-7/Order:12"]


def test_a_refused_request_has_a_log_line_with_its_id_and_no_address(client: Client) -> None:
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        client.get("/api/v1/baskets/?a=minji@example.com", headers={"X-Request-ID": "one"})
        client.get("/api/minji@example.com/", headers={"X-Request-ID": "two"})
    facts = [(line["request_id"], line["status"], line["code"]) for line in lines]
    assert facts == [("one", 401, "not_authenticated"), ("two", 404, "not_found")]
    assert lines[0]["route"] == "api/v1/baskets/"
    assert "minji" not in str(lines)


def test_the_id_is_bound_until_the_next_request(client: Client) -> None:
    client.get("/api/nothing/", headers={"X-Request-ID": "one"})
    # Django logs some answers after all middleware has returned; the id must still be bound then.
    assert structlog.contextvars.get_contextvars()["request_id"] == "one"
    client.get("/api/nothing/", headers={"X-Request-ID": "two"})
    assert structlog.contextvars.get_contextvars()["request_id"] == "two"


@pytest.mark.parametrize(
    "offered", ["", " ", "a b", "x" * 129, "é", 'a"b', "<x>", "-x", "a\nb", "a\x00"]
)
def test_another_id_is_replaced(client: Client, offered: str) -> None:
    answered = client.get("/api/problems/", headers={"X-Request-ID": offered}).headers
    assert uuid.UUID(answered["X-Request-ID"])


@pytest.mark.parametrize("path", ["/api/v1/failing/%00/", "/api/%00"])
def test_u_0000_in_a_path_is_404(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("query", ["a=%00", "a=1&%00=1", "a=x%00&a=y"])
def test_u_0000_in_a_query_is_400_and_names_the_parameter(client: Client, query: str) -> None:
    response = client.get(f"/api/problems/?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0].keys() == {"detail", "parameter", "code"}


def test_thousands_of_parameters_are_400(client: Client) -> None:
    response = client.get("/api/problems/?" + "a=1&" * 5_000)
    assert response.status_code == 400
    assert response.json()["detail"] == "The query string has too many parameters."


@pytest.mark.parametrize("query", ["%ff", "a=%", "%zz=%ed%a0%80", "=&=&&;"])
def test_a_garbled_query_is_no_server_error(client: Client, query: str) -> None:
    assert client.get(f"/api/problems/?{query}").status_code == 200


def test_a_body_at_the_limit_passes(client: Client, limit: int) -> None:
    assert client.post(ECHO, body_of(limit), "application/json").status_code == 200


def test_a_larger_body_is_413_and_is_not_read(limit: int) -> None:
    status, headers, problem = call(CONTENT_LENGTH=str(limit + 1), **{"wsgi.input": Unreadable()})
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert problem["limit_bytes"] == limit
    assert problem["detail"] == "The request body may have at most 2,000 bytes."


def test_an_absurd_length_is_413(limit: int) -> None:
    assert call(CONTENT_LENGTH="9" * 5_000, **{"wsgi.input": Unreadable()})[0] == 413


@pytest.mark.parametrize("length", ["-1", "abc", "", "1e9", "²"])
def test_an_unreadable_length_reads_nothing(limit: int, length: str) -> None:
    status, _, answer = call(CONTENT_LENGTH=length, **{"wsgi.input": Unreadable()})
    assert answer == {"heard": {}} or (status, answer["code"]) == (400, "parse_error")


def test_a_chunked_body_within_the_limit_is_parsed(limit: int) -> None:
    status, _, answer = call(
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": io.BytesIO(b'{"a": 1}'), "wsgi.input_terminated": True},
    )
    assert (status, answer) == (200, {"heard": {"a": 1}})


def test_a_longer_chunked_body_is_413_and_read_no_further_than_the_limit(limit: int) -> None:
    socket = io.BytesIO(body_of(limit * 50))
    status, _, problem = call(
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="Chunked",
        **{"wsgi.input": socket, "wsgi.input_terminated": True},
    )
    assert (status, problem["limit_bytes"]) == (413, limit)
    assert socket.tell() == limit + 1


def test_a_chunked_body_on_a_server_that_does_not_end_it_is_411() -> None:
    status, _, problem = call(
        CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": Unreadable()}
    )
    assert (status, problem["type"]) == (411, "/api/problems/length-required/")


def test_only_the_api_is_bounded(client: Client, limit: int) -> None:
    assert client.post("/nothing/", body_of(limit * 5), "application/json").status_code == 404


@pytest.mark.parametrize(
    "charset", ["hex", "rot13", "idna", "utf-16", "x" * 5_000, "", "\xff", "*"]
)
def test_the_charset_of_a_body_does_not_garble_the_address(charset: str) -> None:
    status, _, problem = call(
        CONTENT_TYPE=f"application/json; charset={charset}",
        CONTENT_LENGTH="2",
        QUERY_STRING="a=%ff&b=" + "x" * 50,
        **{"wsgi.input": io.BytesIO(b"{}")},
    )
    assert (status, problem["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("header", ["CONTENT_TYPE", "HTTP_ACCEPT"])
def test_a_header_that_cannot_be_parsed_is_400(header: str) -> None:
    malformed = "application/json; charset*=nonsense''x"
    body = {"CONTENT_LENGTH": "2", "wsgi.input": io.BytesIO(b"{}")}
    status, _, problem = call(**{header: malformed}, **body)
    assert (status, problem["code"]) == (400, "malformed_header")
    assert call(**{header: malformed}, **body, PATH_INFO="/api/nothing/")[0] in {400, 404}
