"""Placing, getting and listing orders over the API."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from notifications.models import Notification
from orders.api import examples
from orders.intake import NewLine
from orders.models import Order
from tests.orders.requests import ORDERS, body

pytestmark = pytest.mark.django_db
Place = Callable[..., Order]
Happen = Callable[..., Order]
ClientWith = Callable[..., APIClient]


def test_an_order_posted_is_answered_with_what_the_server_made_of_it(api: APIClient) -> None:
    response = api.post(ORDERS, body())
    assert response.status_code == 201, response.json()
    assert response.headers["Location"] == "http://testserver/api/v1/orders/TEA-7/"
    order = response.json()
    assert order["lines"][0] == {
        "sku": "TEA-1",
        "name": "Green tea",
        "quantity": 2,
        "unit_price": "12000",
        "total": "24000",
    }
    amounts = ("subtotal", "shipping", "discount", "tax", "total", "refunded_total")
    assert [order[name] for name in amounts] == ["63000", "3000", "1000", "0", "65000", "0"]
    assert (order["status"], order["is_paid"], order["legal_events"]) == (
        "placed",
        False,
        ["cancelled", "paid"],
    )
    assert order["customer"] == body()["customer"]
    assert order["metadata"] == {"channel": "web"}
    assert order["shipping_address"]["region"] is None
    assert api.get(response.headers["Location"]).json() == order
    assert Notification.objects.get().recipient == "minji@example.com"


def test_only_customer_currency_and_lines_are_required(api: APIClient) -> None:
    response = api.post(ORDERS, examples.LEAST)
    assert response.status_code == 201, response.json()
    assert response.json()["number"].startswith("SO-1")
    assert response.json()["total"] == "39.00"


@pytest.mark.parametrize("example", examples.NEW_ORDERS, ids=lambda example: example.summary or "")
def test_the_examples_of_the_schema_are_accepted(api: APIClient, example: Any) -> None:
    assert api.post(ORDERS, example.value).status_code == 201


def test_a_number_that_exists_is_a_conflict(api: APIClient) -> None:
    api.post(ORDERS, body())
    response = api.post(ORDERS, body())
    assert response.status_code == 409
    problem = response.json()
    assert (problem["code"], problem["number"]) == ("number_taken", "TEA-7")
    assert Order.objects.count() == Notification.objects.count() == 1


@pytest.mark.parametrize("number", ["NONE", "%00", "a%20b", "..%2f", "%F0%9F%8D%B5", "A" * 65])
def test_an_order_that_is_not_there_is_not_found(api: APIClient, number: str) -> None:
    assert api.get(f"{ORDERS}{number}/").status_code == 404
    assert api.get(f"{ORDERS}{number}/events/").status_code == 404


def test_a_key_needs_the_scope_of_what_it_does(client_with: ClientWith) -> None:
    reader, writer = client_with("orders:read"), client_with("orders:write")
    assert reader.post(ORDERS, body()).status_code == 403
    assert writer.get(ORDERS).status_code == 403
    assert writer.post(ORDERS, body()).status_code == 201
    assert reader.get(ORDERS).status_code == 200
    assert APIClient().post(ORDERS, body()).status_code == 401


def listed(api: APIClient, **parameters: Any) -> list[str]:
    """Return the numbers that the list gives, in its order."""
    response = api.get(ORDERS, parameters)
    assert response.status_code == 200, response.json()
    return [order["number"] for order in response.json()["results"]]


def test_orders_are_listed_newest_first_and_page_by_page(api: APIClient, place: Place) -> None:
    for n in range(5):
        place(number=f"N-{n}")
    assert listed(api) == ["N-4", "N-3", "N-2", "N-1", "N-0"]
    first = api.get(ORDERS, {"page_size": 2}).json()
    second = api.get(first["next"]).json()
    assert [order["number"] for order in second["results"]] == ["N-2", "N-1"]


def test_orders_are_found_by_status_customer_and_time(
    api: APIClient, place: Place, happen: Happen
) -> None:
    happen(place(number="A"), "paid")
    happen(place(number="B", customer_email="Ada@example.com"), "cancelled")
    last = place(number="C")
    Order.objects.filter(number="C").update(created_at=last.created_at + timedelta(days=1))
    moment = (last.created_at + timedelta(hours=1)).isoformat()

    assert listed(api, status="paid") == ["A"]
    assert listed(api, status=["paid", "cancelled"]) == ["B", "A"]
    assert listed(api, customer_email="ada@EXAMPLE.com") == ["B"]
    assert listed(api, created_after=moment) == ["C"]
    assert listed(api, created_before=moment) == ["B", "A"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "lost"), ("created_after", "yesterday"), ("page_size", "0"), ("cursor", "x")],
)
def test_a_filter_that_means_nothing_is_refused_by_name(
    api: APIClient, name: str, value: str
) -> None:
    response = api.get(ORDERS, {name: value})
    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == [name]


def test_a_list_costs_the_same_queries_however_long_it_is(api: APIClient, place: Place) -> None:
    counts = []
    listed(api)  # the key notes its first use
    many = tuple(NewLine(name="Tea", quantity=1, unit_price=Decimal(1)) for _ in range(30))
    for _ in range(2):
        for _ in range(5):
            place(lines=many)
        with CaptureQueriesContext(connection) as captured:
            listed(api)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5
