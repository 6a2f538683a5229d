"""Placing an order records it, its event and its mail, or nothing at all."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import outbox
from notifications.models import Notification, Role
from orders import services
from orders.errors import NumberTaken, OrderRefused
from orders.intake import NewLine
from orders.models import Order, OrderEvent, OrderLine
from orders.states import Status
from tests.orders.requests import new_order

pytestmark = pytest.mark.django_db
Place = Callable[..., Order]


def lines(count: int) -> tuple[NewLine, ...]:
    """Return so many lines."""
    return tuple(
        NewLine(name=f"Tea {n}", quantity=n + 1, unit_price=Decimal(100)) for n in range(count)
    )


def test_an_order_is_recorded_with_its_lines_its_event_and_its_mail(place: Place) -> None:
    order = Order.objects.get(pk=place(number="TEA-7").pk)

    assert (order.status, order.number, order.total) == (Status.PLACED, "TEA-7", 27000)
    assert [(line.name, line.total) for line in order.lines.all()] == [("Green tea", 24000)]
    event = order.events.get()
    assert (event.type, event.status_before, event.status_after) == ("placed", "", Status.PLACED)
    mail = Notification.objects.get()
    assert (mail.event, mail.recipient, mail.recipient_name) == (
        "order.placed",
        "minji@example.com",
        "Kim Minji",
    )
    assert (
        mail.locale,
        mail.reference,
        mail.source_type,
        mail.source_id,
        mail.idempotency_key,
    ) == (
        "ko",
        "TEA-7",
        "orders.order_event",
        str(event.pk),
        f"{event.pk}:order.placed:customer",
    )


def test_the_mail_carries_the_order_as_it_was_with_exact_amounts(place: Place) -> None:
    place(
        number="KWD-1",
        currency="KWD",
        lines=(NewLine(name="Oud", quantity=3, unit_price=Decimal("0.1")),),
        shipping=Decimal("1.005"),
    )
    order = Notification.objects.get().context["order"]
    assert order["items"][0]["unit_price"] == "0.100"
    assert (order["subtotal"], order["shipping"], order["total"]) == ("0.300", "1.005", "1.305")


def test_the_shop_gets_a_copy_for_each_of_its_addresses(place: Place, settings: Any) -> None:
    settings.SHOP_COPY_TO = ["a@shop.example.com", "b@shop.example.com", "a@shop.example.com"]
    settings.DEFAULT_LOCALE = "en"
    place()
    copies = Notification.objects.filter(role=Role.SHOP).order_by("recipient")
    assert [copy.recipient for copy in copies] == ["a@shop.example.com", "b@shop.example.com"]
    assert {copy.locale for copy in copies} == {"en"}
    assert {copy.context["role"] for copy in copies} == {"shop"}
    assert Notification.objects.get(role=Role.CUSTOMER).context["role"] == "customer"


def test_without_a_locale_the_default_one_is_used(place: Place, settings: Any) -> None:
    settings.DEFAULT_LOCALE = "ko"
    assert place(locale=None).locale == "ko"


def test_a_number_that_exists_is_refused_and_nothing_is_stored(place: Place) -> None:
    place(number="TEA-7")
    with pytest.raises(NumberTaken, match="TEA-7"):
        place(number="TEA-7", customer_name="Somebody else")
    assert Order.objects.count() == OrderEvent.objects.count() == Notification.objects.count() == 1


def test_a_refused_number_does_not_spoil_the_callers_transaction(place: Place) -> None:
    place(number="TEA-7")
    with transaction.atomic():
        with pytest.raises(NumberTaken):
            place(number="TEA-7")
        place(number="TEA-8")
    assert Order.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_when_the_mail_cannot_be_recorded_neither_is_the_order(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_addresses: object) -> None:
        raise RuntimeError("the disk is full")

    # Asked when all but the mail is written.
    monkeypatch.setattr(outbox, "suppressed", fail)
    with pytest.raises(RuntimeError, match="disk"):
        place()
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()


def test_amounts_that_do_not_fit_are_refused_and_nothing_is_stored(place: Place) -> None:
    with pytest.raises(OrderRefused):
        place(shipping=Decimal("0.5"))
    assert not Order.objects.exists()


def test_placing_costs_the_same_queries_for_one_line_and_for_all_that_are_allowed(
    place: Place, settings: Any
) -> None:
    counts = []
    for amount in (1, settings.API_MAX_ORDER_LINES):
        with CaptureQueriesContext(connection) as captured:
            place(number=f"N-{amount}", lines=lines(amount))
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 15


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "lost"},
        {"total": Decimal(1)},
        {"total": Decimal(-1), "discount": Decimal(27001)},
        {"refunded_total": Decimal(1)},
        {"refunded_total": Decimal(27001), "is_paid": True},
        {"status": Status.REFUNDED, "is_paid": True},
        {"status": Status.PAID},
        {"number": "TEA-8"},
    ],
    ids=str,
)
def test_the_database_itself_refuses_an_order_that_cannot_be(
    place: Place, wrong: dict[str, Any]
) -> None:
    place(number="TEA-8")
    order = place(number="TEA-7")
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"quantity": 0}, {"quantity": 1_000_001}, {"total": 1}, {"position": 2}]
)
def test_the_database_itself_refuses_a_line_that_cannot_be(
    place: Place, wrong: dict[str, Any]
) -> None:
    order = place(lines=lines(2))
    with pytest.raises(IntegrityError), transaction.atomic():
        order.lines.filter(position=1).update(**wrong)


@pytest.mark.parametrize(
    "amount", ["0", "0.0001", "99999999999999.9999", "12345678901234.5678", "0.1"]
)
def test_the_database_gives_back_just_the_amount_that_was_stored(place: Place, amount: str) -> None:
    order = place()
    stored = Decimal(amount)
    Order.objects.filter(pk=order.pk).update(
        subtotal=stored, shipping=0, total=stored, discount=0, tax=0
    )
    assert Order.objects.get(total=stored).total == stored
    assert Order.objects.filter(total__gte=stored, subtotal__lte=stored).exists()


@pytest.mark.parametrize(
    "amount", [0.1, Decimal("NaN"), Decimal("0.00001"), Decimal(10) ** 14, "1"]
)
def test_what_is_no_exact_amount_never_reaches_a_money_column(place: Place, amount: Any) -> None:
    order = place()
    with pytest.raises((TypeError, ValueError)):
        Order.objects.filter(pk=order.pk).update(tax=amount)


def test_services_take_an_order_without_the_api() -> None:
    assert services.place_order(new_order()).number.startswith("SO-")
