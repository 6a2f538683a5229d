"""Orders without a number get one that nobody has."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import AssignedNumber, Order
from tests.orders.requests import new_order

pytestmark = pytest.mark.django_db
Place = Callable[..., Order]


def drawn() -> int:
    """Return how far the sequence has come."""
    latest = AssignedNumber.objects.order_by("pk").last()
    return 1000 + (latest.pk if latest else 0)


def test_numbers_are_assigned_one_after_the_other(place: Place) -> None:
    first = int(place().number.removeprefix("SO-"))
    assert first > 1000
    assert [place().number for _ in range(3)] == [f"SO-{first + n}" for n in (1, 2, 3)]


def test_numbers_that_a_client_took_are_passed_over(place: Place) -> None:
    start = int(place().number.removeprefix("SO-"))
    for taken in range(start + 1, start + 31):
        place(number=f"SO-{taken}")
    assert place().number == f"SO-{start + 31}"
    assert int(place().number.removeprefix("SO-")) > start + 31


def test_a_long_run_of_taken_numbers_costs_few_queries(place: Place) -> None:
    order = place()
    start = int(order.number.removeprefix("SO-"))
    values = {
        field.attname: getattr(order, field.attname)
        for field in Order._meta.concrete_fields
        if field.name not in {"id", "number"}
    }
    Order.objects.bulk_create(
        Order(number=f"SO-{taken}", **values) for taken in range(start + 1, start + 3001)
    )
    with CaptureQueriesContext(connection) as captured:
        number = place().number
    assert int(number.removeprefix("SO-")) == start + 3001
    assert len(captured) < 60


def test_the_order_of_a_client_that_names_its_number_draws_none(place: Place) -> None:
    place()
    before = drawn()
    place(number="TEA-1")
    assert drawn() == before
    assert new_order(number="TEA-1").number == "TEA-1"
