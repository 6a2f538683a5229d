"""Many at once, each in a thread with its own connection to the real database."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from notifications.models import Notification
from orders import services
from orders.errors import IllegalEvent, NumberTaken, OrderRefused
from orders.models import Order, OrderEvent
from tests.orders.requests import new_order

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


def at_once(work: Callable[[int], object], *, times: int = AT_ONCE) -> list[object]:
    """Run `work` in so many threads that start together; return what each returned or raised."""
    barrier = Barrier(times)

    def run(index: int) -> object:
        barrier.wait(timeout=20)
        try:
            return work(index)
        except (IllegalEvent, NumberTaken, OrderRefused) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def kinds(results: list[object]) -> dict[str, int]:
    """Count the results by class."""
    return dict(Counter(type(result).__name__ for result in results))


def test_orders_placed_at_once_get_numbers_of_their_own() -> None:
    def place_three(_index: int) -> list[str]:
        return [services.place_order(new_order()).number for _ in range(3)]

    results = at_once(place_three)
    numbers = {number for result in results if isinstance(result, list) for number in result}
    assert len(numbers) == 3 * AT_ONCE
    assert Order.objects.count() == Notification.objects.count() == 3 * AT_ONCE


def test_of_clients_that_use_one_number_at_once_one_gets_it() -> None:
    results = at_once(lambda _index: services.place_order(new_order(number="TEA-7")))
    assert kinds(results) == {"Order": 1, "NumberTaken": AT_ONCE - 1}
    assert Order.objects.count() == Notification.objects.count() == 1


def test_assigned_and_clients_numbers_that_meet_at_once_are_all_placed() -> None:
    start = int(services.place_order(new_order()).number.removeprefix("SO-"))

    def place(index: int) -> Order:
        number = f"SO-{start + index // 2 + 1}" if index % 2 else None
        return services.place_order(new_order(number=number))

    results = at_once(place)
    orders = [result for result in results if isinstance(result, Order)]
    assert len({order.number for order in orders}) == len(orders)
    # Only a client that names its number can find it taken.
    assert all(isinstance(results[index], Order) for index in range(0, AT_ONCE, 2))


def test_of_shipments_posted_at_once_one_succeeds() -> None:
    number = services.place_order(new_order()).number
    services.record_event(number=number, kind="paid")
    results = at_once(lambda _index: services.record_event(number=number, kind="shipped"))
    assert kinds(results) == {"OrderEvent": 1, "IllegalEvent": AT_ONCE - 1}
    assert OrderEvent.objects.filter(type="shipped").count() == 1
    assert Notification.objects.filter(event="order.shipped").count() == 1


def test_of_shipping_and_cancelling_at_once_only_one_happens() -> None:
    number = services.place_order(new_order()).number
    services.record_event(number=number, kind="paid")
    both = ("shipped", "cancelled")
    results = at_once(lambda index: services.record_event(number=number, kind=both[index % 2]))
    assert kinds(results) == {"OrderEvent": 1, "IllegalEvent": AT_ONCE - 1}


def test_partial_refunds_at_once_never_give_back_more_than_was_paid() -> None:
    number = services.place_order(new_order()).number  # 27000
    services.record_event(number=number, kind="paid")
    results = at_once(
        lambda _index: services.record_event(
            number=number, kind="refunded", data={"amount": "5000"}
        )
    )
    assert kinds(results) == {"OrderEvent": 5, "OrderRefused": AT_ONCE - 5}
    assert Order.objects.get(number=number).refunded_total == 25000
