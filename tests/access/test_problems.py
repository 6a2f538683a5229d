"""Every error is one kind of document, wherever it comes from."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.exceptions import ErrorDetail, ValidationError

from access import pointers, problem_types, problems

BASKETS = "/api/v1/baskets/"
STANDARD = {"type", "title", "status", "detail", "instance", "request_id", "code"}


def problem_of(response: Any, status: int) -> dict[str, Any]:
    """Check what holds for every problem, and return the document."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document.keys() >= STANDARD
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-ID"]
    text = response.content.decode()
    assert "<html" not in text
    assert "Traceback" not in text
    return document


def post(client: Client, body: Any) -> dict[str, Any]:
    return problem_of(client.post(BASKETS, body, "application/json"), 400)


def test_each_invalid_value_is_pointed_at(with_key: Client) -> None:
    lines = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": -1}, {"quantity": "x"}]
    problem = post(with_key, {"lines": lines, "extra": {"k/1": "no"}})
    assert problem["type"] == "/api/problems/validation-error/"
    assert problem["detail"] == "5 values are invalid; each is listed in errors."
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("#/name", "required"),
        ("#/lines/1/quantity", "min_value"),
        ("#/lines/2/sku", "required"),
        ("#/lines/2/quantity", "invalid"),
        ("#/extra/k~11", "invalid"),
    }


def test_a_single_error_is_told_in_the_detail(with_key: Client) -> None:
    problem = post(with_key, {"name": "x", "lines": [{"sku": "A", "quantity": 0}]})
    assert problem["detail"].startswith("/lines/0/quantity: Ensure this value is greater")


def test_an_error_of_the_whole_body_points_at_the_whole(with_key: Client) -> None:
    problem = post(with_key, {"name": "x", "lines": [{"sku": "A", "quantity": 1}] * 4})
    assert problem["errors"] == [
        {"detail": "Too many lines together.", "pointer": "#", "code": "invalid"}
    ]


def test_an_error_of_a_list_itself_points_at_the_list(with_key: Client) -> None:
    assert post(with_key, {"name": "x", "lines": "none"})["errors"][0]["pointer"] == "#/lines"


def test_keys_are_escaped_in_pointers(with_key: Client) -> None:
    problem = post(with_key, {"name": "slash", "lines": []})
    assert problem["errors"][0]["pointer"] == "#/name/a~1b~0c%20d"


def test_nested_details_come_back_from_their_pointers() -> None:
    error = ErrorDetail("No.", "bad")
    nested = pointers.nest(("lines", 3, "sku"), error)
    [found] = pointers.flatten(ValidationError(nested).detail)
    assert (found.pointer, found.detail, found.code) == ("#/lines/3/sku", "No.", "bad")


def test_a_thousand_errors_are_listed_up_to_a_bound(with_key: Client) -> None:
    problem = post(with_key, {"name": "x", "lines": [{"sku": "A", "quantity": -1}] * 1000})
    assert len(problem["errors"]) == 100
    assert problem["detail"] == "1000 values are invalid; the first 100 are listed in errors."


def test_a_long_value_is_not_echoed_at_length(with_key: Client) -> None:
    problem = post(with_key, {"name": "x", "lines": {"a" * 100_000: 1}})
    assert len(json.dumps(problem)) < 2_000


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v2/", "/api/%F0%9F%92%A9/"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_path_is_404(client: Client, settings: Settings, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    for method in ("get", "post", "put", "delete", "options"):
        problem = problem_of(getattr(client, method)(path), 404)
        assert problem["type"] == "/api/problems/not-found/"
        assert problem["instance"] == path


@pytest.mark.parametrize("debug", [True, False])
def test_a_forgotten_slash_is_told_and_not_redirected(
    client: Client, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    problem = problem_of(client.post("/api/v1/baskets", {}, "application/json"), 404)
    assert "Did you mean /api/v1/baskets/" in problem["detail"]


def test_an_unknown_path_outside_of_the_api_is_a_page_or_json_as_asked(client: Client) -> None:
    page = client.get("/nothing/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert client.get("/nothing/").headers["Content-Type"].startswith("text/html")
    problem_of(client.get("/nothing/", headers={"Accept": "application/json"}), 404)


def test_a_method_that_is_not_supported_is_405_with_those_that_are(with_key: Client) -> None:
    response = with_key.put(BASKETS, {}, "application/json")
    problem_of(response, 405)
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_format_that_is_not_served_is_406(with_key: Client) -> None:
    problem_of(with_key.get(BASKETS, headers={"Accept": "text/html"}), 406)


@pytest.mark.parametrize("accept", [";;;", "a/b/c", "*", "application/json;q=x", "\x7f", "é", ","])
def test_a_strange_accept_header_is_no_server_error(with_key: Client, accept: str) -> None:
    assert with_key.get(BASKETS, headers={"Accept": accept}).status_code in {200, 406}


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml", "x"]
)
def test_a_body_that_is_not_json_is_415(client: Client, content_type: str) -> None:
    problem_of(client.post("/api/v1/echo/", b"a=1", content_type), 415)


def test_a_conflict_tells_what_is_legal(client: Client) -> None:
    problem = problem_of(client.get("/api/v1/failing/conflict/"), 409)
    assert problem["type"] == "/api/problems/conflict/"
    assert problem["code"] == "illegal_event"
    assert problem["legal"] == ["paid", "cancelled"]
    assert problem["instance"] == "/api/v1/failing/conflict/"


def test_members_cannot_replace_the_standard_ones() -> None:
    with pytest.raises(TypeError, match="status"):
        problems.Conflict("No.", status="sent")


def test_a_throttled_request_is_429_and_says_when(client: Client) -> None:
    response = client.get("/api/v1/failing/throttled/")
    problem_of(response, 429)
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize("path", ["/api/v1/failing/badly/", "/api/plain/"])
@pytest.mark.parametrize("debug", [True, False])
def test_a_mistake_of_ours_is_500_and_tells_nothing(
    client: Client, settings: Settings, path: str, debug: bool
) -> None:
    settings.DEBUG = debug
    response = client.get(path)
    assert problem_of(response, 500)["type"] == "/api/problems/internal-error/"
    assert b"hunter2" not in response.content


def test_a_mistake_outside_of_the_api_is_a_page_or_json_as_asked(client: Client) -> None:
    assert client.get("/plain/").headers["Content-Type"].startswith("text/html")
    problem_of(client.get("/plain/", headers={"Accept": "application/json"}), 500)


@pytest.mark.parametrize("debug", [True, False])
def test_a_foreign_host_is_400(client: Client, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    problem_of(client.get(BASKETS, headers={"Host": "evil.example"}), 400)


def test_every_type_is_documented_where_it_points(client: Client) -> None:
    listed = client.get("/api/problems/").json()
    assert [each["type"] for each in listed] == [each.uri for each in problem_types.catalogue()]
    for each in listed:
        assert client.get(each["type"]).json() == each
    problem_of(client.get("/api/problems/nothing/"), 404)


def test_a_type_means_one_thing() -> None:
    with pytest.raises(ValueError, match="already defined"):
        problem_types.define(slug="conflict", status=409, title="x", meaning="x")


def test_a_status_without_a_type_is_about_blank() -> None:
    assert problem_types.for_status(418) is None
    assert problem_types.phrase(418) == "I'm a Teapot"
    assert problem_types.phrase(799) == "Error"
