"""Lists take the parameters that they know, with values, and order by what has an index."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from tests.orders.requests import ORDERS, body

pytestmark = pytest.mark.django_db
LISTS = ["/api/v1/orders/", "/api/v1/notifications/", "/api/v1/suppressions/"]


@pytest.fixture
def api() -> APIClient:
    """A client that may do everything."""
    key = keys.create(name="tests", actor=Actor.system("tests")).key
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


def errors(answer: Any) -> dict[str, str]:
    """Return the refused parameters with their codes."""
    assert answer.status_code == 400, answer.content
    return {error["parameter"]: error["code"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("url", LISTS)
def test_unknown_and_empty_parameters_are_refused_by_name(api: APIClient, url: str) -> None:
    assert errors(api.get(url, {"colour": "green"})) == {"colour": "unknown_parameter"}
    found = errors(api.get(url, {"ordering": "", "a": "b"}))
    assert found == {"ordering": "empty", "a": "unknown_parameter"}


@pytest.mark.parametrize("url", LISTS)
def test_a_list_is_ordered_by_nothing_else(api: APIClient, url: str) -> None:
    answer = api.get(url, {"ordering": "secret_hash"})
    assert errors(answer) == {"ordering": "invalid"}
    assert "-created_at" in answer.json()["detail"]


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "number", "-number"])
def test_pages_follow_the_ordering_without_a_gap(api: APIClient, ordering: str) -> None:
    for number in ("C", "A", "E", "B", "D"):
        api.post(ORDERS, body(number=number))
    wanted = sorted("ABCDE") if "number" in ordering else list("CAEBD")
    wanted = wanted[::-1] if ordering.startswith("-") else wanted
    seen: list[str] = []
    url: str | None = f"{ORDERS}?ordering={ordering}&page_size=2"
    while url:
        page = api.get(url).json()
        seen += [order["number"] for order in page["results"]]
        url = page["next"]
    assert seen == wanted


def test_a_cursor_of_another_ordering_is_refused(api: APIClient) -> None:
    for number in ("A", "B"):
        api.post(ORDERS, body(number=number))
    following = api.get(ORDERS, {"ordering": "number", "page_size": 1}).json()["next"]
    assert errors(api.get(following.replace("=number", "=-number"))) == {"cursor": "invalid_cursor"}
