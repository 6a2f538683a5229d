"""What a request costs does not grow: with lines, events, rows of a list, or entries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from notifications.models import Suppression
from orders import services
from tests.orders.requests import ORDERS, body, events, new_order

pytestmark = pytest.mark.django_db
LINE = {"name": "Tea", "quantity": 1, "unit_price": "12000"}


@pytest.fixture
def api(db: None, client_with: Callable[..., APIClient]) -> APIClient:
    """A client that may do everything, whose use has been noted."""
    scopes = ("orders", "notifications", "suppressions", "templates")
    client = client_with(*(f"{name}:{verb}" for name in scopes for verb in ("read", "write")))
    client.get(ORDERS)
    return client


def cost(ask: Callable[[], Any], *, status: int) -> int:
    """Return how many queries a request makes."""
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    assert answer.status_code == status, answer.content
    return len(captured)


def test_placing_an_order_costs_the_same_whatever_its_lines(api: APIClient) -> None:
    costs = [
        cost(lambda lines=lines: api.post(ORDERS, body(number=None, lines=lines)), status=201)  # type: ignore[misc]
        for lines in ([LINE], [LINE] * 40, [LINE] * 400)
    ]
    assert costs[0] == costs[1] == costs[2]


def test_an_event_costs_the_same_whatever_the_order_has_behind_it(api: APIClient) -> None:
    costs = []
    for lines, refunds in ((1, 0), (100, 0), (100, 10)):
        number = api.post(ORDERS, body(number=None, lines=[LINE] * lines)).json()["number"]
        services.record_event(number=number, kind="paid")
        for _ in range(refunds):
            services.record_event(number=number, kind="refunded", data={"amount": "1"})
        asked = {"type": "shipped", "data": {}}
        costs.append(cost(lambda n=number, a=asked: api.post(events(n), a), status=201))  # type: ignore[misc]
    assert costs[0] == costs[1] == costs[2]


def test_each_further_order_of_a_batch_costs_the_same(api: APIClient) -> None:
    def post(size: int, lines: int) -> int:
        batch = [body(number=None, lines=[LINE] * lines) for _ in range(size)]
        return cost(lambda: api.post(f"{ORDERS}batch/", {"orders": batch}), status=200)

    one, two, many = post(1, 1), post(2, 1), post(10, 1)
    assert many - two == 8 * (two - one)
    assert post(2, 50) == two


@pytest.mark.parametrize(
    "url",
    [
        ORDERS,
        f"{ORDERS}?status=placed",
        "/api/v1/notifications/",
        "/api/v1/notifications/?event=order.placed&ordering=created_at",
        "/api/v1/suppressions/",
    ],
)
def test_a_page_costs_the_same_whatever_its_rows(api: APIClient, url: str) -> None:
    def grow(rows: int) -> int:
        for _ in range(rows):
            services.place_order(new_order(number=None))
            address = f"a{Suppression.objects.count()}@example.com"
            Suppression.objects.create(address=address, reason="manual")
        return cost(lambda: api.get(url), status=200)

    assert grow(1) == grow(9)


def test_an_orders_events_cost_the_same_however_many(api: APIClient) -> None:
    order = services.place_order(new_order())
    before = cost(lambda: api.get(events(order.number)), status=200)
    services.record_event(number=order.number, kind="paid")
    for _ in range(8):
        services.record_event(number=order.number, kind="refunded", data={"amount": "1"})
    assert cost(lambda: api.get(events(order.number)), status=200) == before


def test_suppressing_and_releasing_cost_the_same_however_long_the_list(api: APIClient) -> None:
    def costs(name: str) -> tuple[int, int]:
        url = "/api/v1/suppressions/"
        added = cost(lambda: api.post(url, {"address": f"{name}@example.com"}), status=201)
        entry = Suppression.objects.get(address=f"{name}@example.com")
        return added, cost(lambda: api.delete(f"{url}{entry.pk}/"), status=204)

    few = costs("few")
    for number in range(30):
        Suppression.objects.create(address=f"x{number}@example.com", reason="manual")
    assert costs("many") == few


def test_a_notification_costs_the_same_whatever_its_attempts(api: APIClient) -> None:
    services.place_order(new_order())
    (listed,) = api.get("/api/v1/notifications/").json()["results"]
    assert cost(lambda: api.get(f"/api/v1/notifications/{listed['id']}/"), status=200) <= 3
