"""Whatever is wrong with an order is told at its place, and nothing is stored."""

import time
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Notification
from orders.models import Order, OrderEvent
from tests.orders.requests import ORDERS, body

pytestmark = pytest.mark.django_db

LINE = {"name": "Tea", "quantity": 1, "unit_price": "1"}
DEEP: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}
BAD: list[tuple[str, Any, str]] = [
    # path of the change, its value, and the pointer that names it ("" where it is the same)
    ("customer__email", "minji", ""),
    ("customer__email", "minji@example.com\nBcc: all@example.com", ""),
    ("customer__email", "", ""),
    ("customer__email", None, ""),
    ("customer__email", 5, ""),
    ("customer__email", ..., ""),
    ("customer__email", f"{'a' * 300}@example.com", ""),
    ("customer__name", "Kim\r\nBcc: all@example.com", ""),
    ("customer__name", "Kim\n", ""),
    ("customer__name", "x" * 201, ""),
    ("customer__name", ["Kim"], ""),
    ("customer__phone", "1", ""),
    ("customer", "minji@example.com", ""),
    ("customer", ..., ""),
    ("lines__1__quantity", -1, ""),
    ("lines__1__quantity", 0, ""),
    ("lines__1__quantity", 1_000_001, ""),
    ("lines__1__quantity", 10**30, ""),
    ("lines__1__quantity", "2", ""),
    ("lines__1__quantity", 1.5, ""),
    ("lines__1__quantity", True, ""),
    ("lines__1__quantity", ..., ""),
    ("lines__0__unit_price", "-1", ""),
    ("lines__0__unit_price", "12000.50", ""),
    ("lines__0__unit_price", "NaN", ""),
    ("lines__0__unit_price", "1e5", ""),
    ("lines__0__unit_price", "9" * 40, ""),
    ("lines__0__unit_price", True, ""),
    ("lines__0__unit_price", {"amount": "1"}, ""),
    ("lines__0__name", "", ""),
    ("lines__0__name", "   ", ""),
    ("lines__0__name", "a\x1bb", ""),
    ("lines__0__color", "green", ""),
    ("lines__0", "tea", ""),
    ("lines", [], ""),
    ("lines", {}, ""),
    ("lines", None, ""),
    ("lines", ..., ""),
    ("lines", [LINE] * 10_000, ""),
    ("currency", "XXX", ""),
    ("currency", "XTS", ""),
    ("currency", "KRWW", ""),
    ("currency", "", ""),
    ("currency", ..., ""),
    ("locale", "xx", ""),
    ("locale", "../../etc", ""),
    ("locale", "", ""),
    ("number", "a/b", ""),
    ("number", "", ""),
    ("number", "x" * 65, ""),
    ("number", "a\nb", ""),
    ("number", 1001, ""),
    ("discount", "66001", ""),
    ("discount", "-1", ""),
    ("shipping", "0.1", ""),
    ("tax", None, ""),
    ("shipping_address__country", "Korea", ""),
    ("shipping_address__country", "ZZ", ""),
    ("shipping_address__line1", "a\nb", ""),
    ("shipping_address__line1", ..., ""),
    ("shipping_address__planet", "Earth", ""),
    ("billing_address", "here", ""),
    ("billing_address", {}, "/billing_address/name"),
    ("metadata", [], ""),
    ("metadata", "web", ""),
    ("metadata", DEEP, ""),
    ("metadata", {"a": "x" * 9000}, ""),
    ("url", "javascript:alert(1)", ""),
    ("total", "1", ""),
    ("status", "paid", ""),
    ("x/y~z", 1, "/x~1y~0z"),
]


@pytest.mark.parametrize(("path", "value", "pointer"), BAD, ids=lambda part: repr(part)[:40])
def test_a_bad_value_is_a_400_that_points_to_it_and_nothing_is_stored(
    api: APIClient, path: str, value: Any, pointer: str
) -> None:
    started = time.monotonic()
    response = api.post(ORDERS, body(**{path: value}))
    took = time.monotonic() - started

    problem = response.json()
    assert response.status_code == 400, problem
    assert response.headers["Content-Type"] == "application/problem+json"
    pointers = [error["pointer"] for error in problem["errors"]]
    assert "#" + (pointer or "/" + path.replace("__", "/")) in pointers
    assert len(str(problem)) < 20_000
    assert took < 10  # seconds; a busy machine is no fault
    assert not Order.objects.exists()
    assert not OrderEvent.objects.exists()
    assert not Notification.objects.exists()


def test_everything_wrong_is_told_at_once(api: APIClient) -> None:
    bad = body(customer__email="minji", lines__1__quantity=-1, currency="XXX", colour="green")
    pointers = {error["pointer"] for error in api.post(ORDERS, bad).json()["errors"]}
    assert pointers == {"#/customer/email", "#/lines/1/quantity", "#/currency", "#/colour"}


def test_amounts_wrong_for_the_currency_are_told_at_once(api: APIClient) -> None:
    bad = body(lines__0__unit_price="1.5", lines__1__unit_price="0.01", tax="0.5")
    pointers = [error["pointer"] for error in api.post(ORDERS, bad).json()["errors"]]
    assert pointers == ["#/lines/0/unit_price", "#/lines/1/unit_price", "#/tax"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"currency": NaN}',
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'"order"',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"customer": {"name": "\\ud800"}}',
        b'{"tax": 1e999}',
    ],
    ids=lambda raw: raw[:20],
)
def test_a_body_that_is_no_json_object_is_refused(api: APIClient, raw: bytes) -> None:
    response = api.post(ORDERS, raw, content_type="application/json")
    assert response.status_code == 400, response.content
    assert not Order.objects.exists()


def test_a_body_of_five_megabytes_is_refused_with_the_limit(api: APIClient, settings: Any) -> None:
    response = api.post(ORDERS, body(metadata={"a": "x" * 5_000_000}))
    assert response.status_code == 413
    assert response.json()["limit_bytes"] == settings.API_MAX_BODY_BYTES
    assert not Order.objects.exists()


def test_names_with_markup_and_from_right_to_left_are_kept_as_they_are(api: APIClient) -> None:
    for name in ("<script>alert(1)</script>", "محمد علي", "{{ 7 * 7 }}"):
        response = api.post(ORDERS, body(number=None, customer__name=name))
        assert response.json()["customer"]["name"] == name


def test_a_price_sent_as_a_number_is_that_number(api: APIClient) -> None:
    sent = body(currency="USD", lines__0__unit_price=19.99, lines__1__unit_price=5, discount=0)
    order = api.post(ORDERS, sent).json()
    assert (order["lines"][0]["unit_price"], order["lines"][1]["unit_price"]) == ("19.99", "5.00")
    assert Order.objects.get().subtotal == Decimal("44.98")


def test_lines_that_are_too_dear_one_by_one_and_together_are_both_told(api: APIClient) -> None:
    dear = {"name": "Tea", "quantity": 1_000_000, "unit_price": "99999999999"}
    answer = api.post(ORDERS, body(number=None, lines=[dear, dear]))
    assert answer.status_code == 400, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "#/lines/0/unit_price",
        "#/lines/1/unit_price",
        "#/lines",
    ]
