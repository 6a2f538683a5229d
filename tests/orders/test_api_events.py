"""Recording and listing an order's events over the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Notification
from orders.api import examples
from orders.models import Order, OrderEvent
from tests.orders.requests import ORDERS, events

pytestmark = pytest.mark.django_db
Place = Callable[..., Order]
Happen = Callable[..., Order]


def test_an_event_posted_moves_the_order(api: APIClient, place: Place) -> None:
    number = place(number="TEA-7").number
    response = api.post(events(number), {"type": "paid", "data": {"method": "Visa"}})
    assert response.status_code == 201, response.json()
    event = response.json()
    assert (event["type"], event["event"], event["order"], event["data"]) == (
        "paid",
        "order.paid",
        "TEA-7",
        {"method": "Visa"},
    )
    assert (event["status_before"], event["status_after"]) == ("placed", "paid")
    assert api.get(f"{ORDERS}{number}/").json()["status"] == "paid"
    assert Notification.objects.filter(event="order.paid", reference="TEA-7").count() == 1


def test_an_orders_events_are_listed_in_the_order_they_happened(
    api: APIClient, place: Place, happen: Happen
) -> None:
    place(number="OTHER")
    number = happen(place(number="TEA-7"), "paid", "shipped").number
    results = api.get(events(number)).json()["results"]
    assert [event["type"] for event in results] == ["placed", "paid", "shipped"]


def test_an_illegal_event_is_a_conflict_that_lists_what_is_legal(
    api: APIClient, place: Place
) -> None:
    number = place().number
    response = api.post(events(number), {"type": "delivered"})
    assert response.status_code == 409
    problem = response.json()
    assert (problem["code"], problem["legal"]) == ("illegal_event", ["cancelled", "paid"])
    assert OrderEvent.objects.count() == Notification.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"type": "lost"}, "#/type"),
        ({"type": "placed"}, "#/type"),
        ({"type": 5}, "#/type"),
        ({}, "#/type"),
        ({"type": "paid", "date": {}}, "#/date"),
        ({"type": "paid", "data": []}, "#/data"),
        ({"type": "paid", "data": None}, "#/data"),
        ({"type": "paid", "data": {"metod": "Visa"}}, "#/data/metod"),
        ({"type": "paid", "data": {"method": ["Visa"]}}, "#/data/method"),
        ({"type": "paid", "data": {"method": "x" * 20_000}}, "#/data"),
        ({"type": "shipped", "data": {"tracking_url": "ftp://x"}}, "#/data/tracking_url"),
        ({"type": "refunded", "data": {"amount": "1e9"}}, "#/data/amount"),
    ],
    ids=str,
)
def test_a_bad_event_is_a_400_that_points_to_it(
    api: APIClient, place: Place, sent: dict[str, Any], pointer: str
) -> None:
    response = api.post(events(place().number), sent)
    assert response.status_code == 400, response.json()
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert OrderEvent.objects.count() == Notification.objects.count() == 1


def test_more_than_was_paid_is_not_refunded(api: APIClient, place: Place, happen: Happen) -> None:
    number = happen(place(), "paid").number
    response = api.post(events(number), {"type": "refunded", "data": {"amount": "27001"}})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["pointer"] == "#/data/amount"
    assert "27000 KRW" in error["detail"]


def test_the_examples_of_the_schema_are_accepted(api: APIClient, place: Place) -> None:
    number = place().number
    for example in examples.NEW_EVENTS:
        response = api.post(events(number), example.value)
        assert response.status_code == 201, response.json()


def test_an_event_of_an_order_that_is_not_there_is_not_found(api: APIClient) -> None:
    assert api.post(events("NONE"), {"type": "paid"}).status_code == 404
