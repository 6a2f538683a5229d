"""What is, and what is not, taken for a JSON object."""

import time
from typing import Any

import pytest
from django.test import Client

ECHO = "/api/v1/echo/"


def send(client: Client, body: bytes, content_type: str = "application/json") -> tuple[int, Any]:
    response = client.post(ECHO, body, content_type)
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        (b'{"a": [1, -2.50, 1e3, true, null, "\\u00e9\\ud83d\\ude00"]}',
         {"a": [1, -2.5, 1000.0, True, None, "é😀"]}),
        (b'\xef\xbb\xbf{"bom": 1}', {"bom": 1}),
        (b' {"price": 12345678901234.56}\n', {"price": 12345678901234.56}),
        (b'{"n": ' + b"9" * 100 + b"}", {"n": int("9" * 100)}),
        ('{"name": "김민지"}'.encode(), {"name": "김민지"}),
        (b'{"a": 0.10, "b": -0.0, "c": 1E-7}', {"a": 0.1, "b": -0.0, "c": 1e-7}),
        (b"{" + b'"a":{' * 30 + b"}" * 31, None),
    ],
)  # fmt: skip
def test_plain_json_is_read(client: Client, body: bytes, heard: Any) -> None:
    status, answer = send(client, body)
    assert status == 200
    assert heard is None or answer == {"heard": heard}


def test_an_empty_body_is_an_empty_request(client: Client) -> None:
    assert send(client, b"") == (200, {"heard": {}})


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"a": 1,\n "b": }', 2, 7),
        (b"{'a': 1}", 1, 2),
        (b'{"a": 1', 1, 8),
        (b"   ", 1, 4),
        (b'{"a": 1} {"b": 2}', 1, 10),
        (b'{"a": "line\nbreak"}', 1, 12),
        (b'{"a": 01}', 1, 8),
        (b'{"a": "\\x"}', 1, 8),
        (b'{"a": "', 1, 7),
        (b"[" * 10, 1, 11),
    ],
)
def test_broken_syntax_is_located(client: Client, body: bytes, line: int, column: int) -> None:
    status, problem = send(client, body)
    assert (status, problem["type"]) == (400, "/api/problems/malformed-request/")
    assert (problem["line"], problem["column"]) == (line, column)
    assert f"line {line}, column {column}" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"a": 1e999}', "would lose digits"),
        (b'{"a": 1e-999}', "would lose digits"),
        (b'{"a": 1e-99999999999999999999}', "would lose digits"),
        (b'{"a": 12345678901234567.89}', "would lose digits; send it as a string"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "more than 100 digits"),
        (b'{"a": 0.' + b"1" * 900_000 + b"}", "more than 100 digits"),
        (b'{"a": 1, "b": 2, "a": 3}', 'The key "a" appears twice'),
        (b'{"x": [{"a": 1, "\\u0061": 3}]}', 'The key "a" appears twice'),
        (b'{"a": "\xff\xfe"}', "not UTF-8: byte 7"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8: byte 0"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "more than 32 levels"),
        (b'{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}", "more than 32 levels"),
        (b'{"a":' * 150_000, "more than 32 levels"),
        (b"[1, 2]", "must be a JSON object, not an array"),
        (b'"text"', "not a string"),
        (b"12", "not a number"),
        (b"true", "not a boolean"),
        (b"null", "not null"),
    ],
)  # fmt: skip
def test_what_python_would_let_pass_is_refused(client: Client, body: bytes, words: str) -> None:
    start = time.monotonic()
    status, problem = send(client, body)
    assert (status, problem["code"]) == (400, "parse_error")
    assert words in problem["detail"]
    assert len(problem["detail"]) < 300
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (b'{"a": "x\\u0000"}', "#/a", "U+0000"),
        (b'{"a": [{}, {"b": "\\ud800"}]}', "#/a/1/b", "surrogate"),
        (b'{"a": {"k\\u0000": 1}}', "#/a", "U+0000"),
        (b'{"\\udfff": 1}', "#", "surrogate"),
    ],
)
def test_a_text_that_cannot_be_stored_is_pointed_at(
    client: Client, body: bytes, pointer: str, words: str
) -> None:
    status, problem = send(client, body)
    assert (status, problem["type"]) == (400, "/api/problems/validation-error/")
    [error] = problem["errors"]
    assert (error["pointer"], error["code"]) == (pointer, "unstorable_text")
    assert words in error["detail"]


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_utf_8_may_be_declared(client: Client, charset: str) -> None:
    assert send(client, b'{"a": 1}', f"application/json; charset={charset}")[0] == 200


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "euc-kr"])
def test_another_encoding_is_415(client: Client, charset: str) -> None:
    assert send(client, b'{"a": 1}', f"application/json; charset={charset}")[0] == 415


def test_a_large_flat_body_is_read_quickly(client: Client) -> None:
    body = b'{"a": [' + b",".join([b'{"k":"v"}'] * 90_000) + b"]}"
    start = time.monotonic()
    assert send(client, body)[0] == 200
    assert time.monotonic() - start < 5
