"""Batches of orders: each order is accepted or refused by itself."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Notification
from orders.models import Order
from tests.orders.requests import body

pytestmark = pytest.mark.django_db
BATCH = "/api/v1/orders/batch/"


def post(api: APIClient, orders: Any, **headers: str) -> Any:
    return api.post(BATCH, {"orders": orders}, headers=headers)


def test_good_orders_are_placed_and_bad_ones_refused(api: APIClient) -> None:
    good, numberless = body(number="A-1"), body(number=None)
    bad = body(number="A-2", lines=[{"name": "Tea", "quantity": 0, "unit_price": "1"}])
    answer = post(api, [good, bad, good, "no order", numberless])
    assert answer.status_code == 200, answer.content
    assert (answer.json()["accepted"], answer.json()["refused"]) == (2, 3)
    results = answer.json()["results"]
    assert [(each["index"], each["status"]) for each in results] == [
        (0, 201),
        (1, 400),
        (2, 409),
        (3, 400),
        (4, 201),
    ]
    assert results[0]["number"] == "A-1"
    assert api.get(results[0]["location"]).json()["number"] == "A-1"
    assert results[4]["number"].startswith("SO-1")
    assert results[1]["problem"]["errors"][0]["pointer"] == "#/orders/1/lines/0/quantity"
    assert results[2]["problem"]["code"] == "number_taken"
    assert results[3]["problem"]["errors"][0]["pointer"] == "#/orders/3"
    assert Order.objects.count() == Notification.objects.count() == 2


def test_amounts_that_the_services_refuse_have_pointers_too(api: APIClient) -> None:
    (result,) = post(api, [body(shipping="0.5")]).json()["results"]
    assert result["status"] == 400
    assert result["problem"]["errors"][0]["pointer"] == "#/orders/0/shipping"


@pytest.mark.parametrize(
    "orders", [None, {}, "text", [], [body(number=None)] * 501], ids=lambda value: str(value)[:20]
)
def test_what_is_no_batch_is_refused_as_a_whole(api: APIClient, orders: Any) -> None:
    answer = post(api, orders)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/orders"
    assert not Order.objects.exists()


def test_a_full_batch_is_taken(api: APIClient) -> None:
    least = {
        "customer": {"email": "ada@example.com"},
        "currency": "USD",
        "lines": [{"name": "Teapot", "quantity": 1, "unit_price": "39.00"}],
    }
    assert post(api, [least] * 500).json()["accepted"] == 500
    assert Notification.objects.count() == 500


def test_a_batch_is_repeated_safely_under_one_key(api: APIClient) -> None:
    asked = [body(number=None), body(number="A-1"), body(number="A-1")]
    first, second = (post(api, asked, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 2


def test_an_order_cannot_have_the_number_of_the_batches_address(api: APIClient) -> None:
    answer = api.post("/api/v1/orders/", body(number="batch"))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/number"
