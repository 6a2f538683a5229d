"""A client with a key, and orders placed the way clients place them."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from orders import services
from orders.models import Order
from tests.orders.requests import new_order


@pytest.fixture
def client_with() -> Callable[..., APIClient]:
    """Make a client whose API key has the given scopes."""

    def make(*scopes: str) -> APIClient:
        key = keys.create(name="tests", actor=Actor.system("tests"), allowed=scopes).key
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")
        client.raise_request_exception = False  # a 500 shall be seen as a client sees it
        return client

    return make


@pytest.fixture
def api(db: None, client_with: Callable[..., APIClient]) -> APIClient:
    """A client that may read and write orders."""
    return client_with("orders:read", "orders:write")


@pytest.fixture
def place(db: None) -> Callable[..., Order]:
    """Place an order of 2 × 12000 KRW and 3000 shipping, or with the given differences."""

    def make(**differences: Any) -> Order:
        return services.place_order(new_order(**differences))

    return make


@pytest.fixture
def happen() -> Callable[..., Order]:
    """Record events of an order, one after the other; return it as it then stands."""

    def record(order: Order, *kinds: str) -> Order:
        for kind in kinds:
            services.record_event(number=order.number, kind=kind)
        return Order.objects.get(pk=order.pk)

    return record
