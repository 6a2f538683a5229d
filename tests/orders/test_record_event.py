"""An event moves the order and owes its mail, in one transaction."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Notification
from orders import services
from orders.errors import IllegalEvent, OrderRefused, TooMuchContention
from orders.intake import NewLine
from orders.models import Order, OrderEvent
from orders.states import Status
from templating import contracts

pytestmark = pytest.mark.django_db
Place = Callable[..., Order]
Happen = Callable[..., Order]


def mail_about(event: str) -> dict[str, Any]:
    """Return the context of the one mail about an event."""
    context: dict[str, Any] = Notification.objects.get(event=event).context
    return context


def test_an_event_moves_the_order_and_owes_its_mail(place: Place) -> None:
    order = place()
    event = services.record_event(number=order.number, kind="paid", data={"method": "Visa"})
    order.refresh_from_db()
    assert (order.status, order.is_paid) == (Status.PAID, True)
    assert (event.status_before, event.status_after, event.data) == (
        "placed",
        "paid",
        {"method": "Visa"},
    )
    assert event.order.status == Status.PAID
    assert mail_about("order.paid")["payment"]["method"] == "Visa"


def test_every_event_writes_the_context_that_its_contract_declares(
    place: Place, happen: Happen
) -> None:
    happen(place(number="A"), "paid", "shipped", "delivered", "refunded")
    happen(place(number="B"), "cancelled")
    seen = set()
    for mail in Notification.objects.all():
        contracts.get(mail.event).context.model_validate(mail.context)
        seen.add(mail.event)
    names = ("placed", "paid", "shipped", "delivered", "refunded", "cancelled")
    assert seen == {f"order.{name}" for name in names}


def test_a_shipment_is_told_as_it_was_posted(place: Place, happen: Happen) -> None:
    order = happen(place(), "paid")
    data = {
        "carrier": "Hanjin",
        "tracking_number": "123",
        "tracking_url": "https://carrier.example.com/123",
        "estimated_delivery": "2026-03-17",
    }
    event = services.record_event(number=order.number, kind="shipped", data=data)
    assert event.data == data
    shipment = mail_about("order.shipped")["shipment"]
    assert {name: shipment[name] for name in data} == data
    assert shipment["shipped_at"]


def test_an_illegal_event_says_what_is_legal_and_stores_nothing(place: Place) -> None:
    order = place()
    with pytest.raises(IllegalEvent, match="Legal events now: cancelled, paid"):
        services.record_event(number=order.number, kind="shipped")
    assert OrderEvent.objects.count() == Notification.objects.count() == 1


@pytest.mark.parametrize("kind", ["placed", "lost", "", "PAID"])
def test_an_event_that_nobody_can_record_is_refused_with_those_that_one_can(
    place: Place, kind: str
) -> None:
    with pytest.raises(OrderRefused) as refused:
        services.record_event(number=place().number, kind=kind)
    (problem,) = refused.value.problems
    assert problem.path == ("type",)
    assert "cancelled, delivered, paid, refunded, shipped" in problem.message


@pytest.mark.parametrize(
    ("kind", "data", "path"),
    [
        ("paid", {"methdo": "Visa"}, ("data", "methdo")),
        ("paid", {"method": 5}, ("data", "method")),
        ("paid", {"method": "a\nBcc: x@example.com"}, ("data", "method")),
        ("paid", {"method": "x" * 201}, ("data", "method")),
        ("shipped", {"tracking_url": "javascript:alert(1)"}, ("data", "tracking_url")),
        ("shipped", {"estimated_delivery": "tomorrow"}, ("data", "estimated_delivery")),
        ("shipped", {"estimated_delivery": 20260317}, ("data", "estimated_delivery")),
        ("cancelled", {"reason": "x" * 2001}, ("data", "reason")),
        ("refunded", {"amount": "-1"}, ("data", "amount")),
        ("refunded", {"amount": "NaN"}, ("data", "amount")),
        ("refunded", {"amount": "0.5"}, ("data", "amount")),
        ("refunded", {"amount": "27001"}, ("data", "amount")),
        ("refunded", {"amount": "0"}, ("data", "amount")),
    ],
)
def test_wrong_data_is_refused_at_its_field(
    place: Place, happen: Happen, kind: str, data: dict[str, Any], path: tuple[str, ...]
) -> None:
    order = place()
    if kind in {"shipped", "refunded"}:
        happen(order, "paid")
    before = OrderEvent.objects.count()
    with pytest.raises(OrderRefused) as refused:
        services.record_event(number=order.number, kind=kind, data=data)
    assert [problem.path for problem in refused.value.problems] == [path]
    assert OrderEvent.objects.count() == before


def test_partial_refunds_leave_the_status_until_nothing_remains(
    place: Place, happen: Happen
) -> None:
    order = happen(place(), "paid", "shipped")
    services.record_event(number=order.number, kind="refunded", data={"amount": "7000"})
    order.refresh_from_db()
    assert (order.status, order.refunded_total) == (Status.SHIPPED, 7000)
    refund = mail_about("order.refunded")["refund"]
    assert (refund["amount"], refund["is_partial"], refund["refunded_total"]) == (
        "7000",
        True,
        "7000",
    )

    rest = services.record_event(number=order.number, kind="refunded")
    order.refresh_from_db()
    assert (order.status, order.refunded_total) == (Status.REFUNDED, 27000)
    assert rest.data == {"amount": "20000"}


def test_a_cancelled_order_is_refunded_only_if_it_was_paid(place: Place, happen: Happen) -> None:
    paid = happen(place(number="A"), "paid", "cancelled")
    assert happen(paid, "refunded").status == Status.REFUNDED
    with pytest.raises(IllegalEvent):
        happen(place(number="B"), "cancelled", "refunded")


def test_an_order_that_is_not_there_has_no_events() -> None:
    with pytest.raises(Order.DoesNotExist):
        services.record_event(number="NONE", kind="paid")


def test_an_event_costs_the_same_queries_for_one_line_and_for_three_hundred(place: Place) -> None:
    counts = []
    for amount in (1, 300):
        many = tuple(NewLine(name="Tea", quantity=1, unit_price=Decimal(1)) for _ in range(amount))
        order = place(lines=many)
        with CaptureQueriesContext(connection) as captured:
            services.record_event(number=order.number, kind="paid")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12


def test_an_event_planned_before_another_is_planned_again(place: Place) -> None:
    order = place()
    plan = services.plan_event(number=order.number, kind="paid", data={"method": "Visa"})
    services.record_event(number=order.number, kind="paid", data={"method": "Cash"})
    with pytest.raises(IllegalEvent):
        plan.carry_out()
    assert order.events.count() == 2


@pytest.mark.parametrize("tries", [1, 2])
def test_an_event_is_tried_as_often_as_allowed_and_the_last_try_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    monkeypatch.setattr(services, "MAX_TRIES", tries)
    order = place()  # 27000
    services.record_event(number=order.number, kind="paid")
    plan = services.plan_event(number=order.number, kind="refunded", data={"amount": "7000"})
    services.record_event(number=order.number, kind="refunded", data={"amount": "1000"})
    if tries == 1:
        with pytest.raises(TooMuchContention):
            plan.carry_out()
    else:
        plan.carry_out()
    assert OrderEvent.objects.filter(type="refunded").count() == tries


def test_an_event_that_another_did_not_hinder_is_not_the_one_expected(place: Place) -> None:
    order = place()  # 27000
    services.record_event(number=order.number, kind="paid")
    plan = services.plan_event(number=order.number, kind="refunded", data={"amount": "7000"})
    services.record_event(number=order.number, kind="refunded", data={"amount": "1000"})
    event = plan.carry_out()
    assert event is not plan.expected
    assert event.order.refunded_total == 8000
    assert Order.objects.get().refunded_total == 8000
    assert OrderEvent.objects.filter(type="refunded").count() == 2
