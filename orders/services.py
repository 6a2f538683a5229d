"""What can be done with orders: place one, and record what happens to it.

Both write order, event and notifications in one transaction: there is no event without its mail
on record, and no mail without its event. Neither reaches the network; the outbox publishes after
the commit. Called in a caller's transaction, they join it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from access.made_rows import made
from access.stored_values import insertion, insertion_of_new
from notifications import outbox
from orders import event_types, numbering, state_machine
from orders.errors import NumberTaken, OrderErased, OrderRefused, Problem, TooMuchContention
from orders.event_types import EventData, Moment, NoData, OrderEventType, Standing
from orders.intake import NewOrder
from orders.mail import notifications_for
from orders.models import Order, OrderEvent, OrderLine
from orders.states import Status
from orders.totals import Totals, add_up

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
PLACED = "placed"
MAX_TRIES = 10


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[Row]):
    """A write with all done that can be done before its transaction.

    While a transaction lasts others wait for it: on SQLite all that want to write.

    Attributes:
        carry_out: writes, and returns what was written. It raises what the planning says.
        expected: what `carry_out()` returns, unless another write came between; None if only the
            write can tell.
    """

    carry_out: Callable[[], Row]
    expected: Row | None = None


def place_order(new: NewOrder, *, at: datetime | None = None) -> Order:
    """Place an order and owe its first mail.

    Args:
        new: the order.
        at: when it was placed; now, unless a past is told.

    Returns:
        The order, with `lines` prefetched.

    Raises:
        OrderRefused: amounts do not fit the currency, or the discount is more than what is owed.
        NumberTaken: an order with `new.number` exists.
    """
    return plan_order(new, at=at).carry_out()


def plan_order(new: NewOrder, *, at: datetime | None = None) -> Plan[Order]:
    """Return what does `place_order`, planned; only NumberTaken is left to be raised by it.

    Raises:
        OrderRefused: as `place_order` does.
    """
    totals = add_up(
        currency=new.currency,
        lines=new.lines,
        shipping=new.shipping,
        discount=new.discount,
        tax=new.tax,
    )
    now = at or timezone.now()
    if new.number is None:
        return Plan(carry_out=partial(_place_numbered, new, totals=totals, now=now))
    return _placing(new, number=new.number, totals=totals, now=now)


def _place_numbered(new: NewOrder, *, totals: Totals, now: datetime) -> Order:
    for number in numbering.candidates():
        try:
            return _placing(new, number=number, totals=totals, now=now).carry_out()
        except NumberTaken:
            continue
    raise AssertionError("candidates() never ends")


def _placing(new: NewOrder, *, number: str, totals: Totals, now: datetime) -> Plan[Order]:
    order = _order(new, number=number, totals=totals, now=now)
    lines = [
        made(
            OrderLine,
            order=order,
            position=position,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=total,
        )
        for position, (line, total) in enumerate(zip(new.lines, totals.lines, strict=True), start=1)
    ]
    order.know_lines(lines)
    add_order, add_lines = insertion_of_new([order]), insertion(lines)
    _, record = _recording(
        order, lines, event_types.registered()[PLACED], data=NoData(), before="", now=now
    )

    def place() -> Order:
        # No savepoint: where the number is taken, nothing is written.
        with transaction.atomic(savepoint=False):
            is_new = bool(add_order())
            if is_new:
                order._state.adding = False  # noqa: SLF001  documented by Django
                add_lines()
                record()
        if not is_new:
            raise NumberTaken(number)
        log.info("order_placed", order=number, lines=len(lines))
        return order

    return Plan(carry_out=place, expected=order)


def _order(new: NewOrder, *, number: str, totals: Totals, now: datetime) -> Order:
    return made(
        Order,
        number=number,
        customer_email=new.customer_email,
        customer_name=new.customer_name,
        locale=new.locale or settings.DEFAULT_LOCALE,
        currency=new.currency,
        subtotal=totals.subtotal,
        shipping=totals.shipping,
        discount=totals.discount,
        tax=totals.tax,
        total=totals.total,
        shipping_address=new.shipping_address and new.shipping_address.as_json(),
        billing_address=new.billing_address and new.billing_address.as_json(),
        url=new.url,
        metadata=dict(new.metadata),
        created_at=now,
        updated_at=now,
    )


def record_event(
    *,
    number: str,
    kind: str,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> OrderEvent:
    """Record what happened to an order, and owe the mail about it.

    Args:
        number: the order's.
        kind: the event's type, as registered (`shipped`).
        data: JSON values, as the event's typed data declares them.
        at: when it happened; now, unless a past is told.

    Returns:
        The event; its `order` stands where the event has brought it.

    Raises:
        Order.DoesNotExist: there is no such order.
        OrderRefused: there is no such event, or its data is wrong; each problem names its field.
        IllegalEvent: the order's state does not allow it.
        OrderErased: the customer's data was taken away.
        TooMuchContention: others kept changing the order.
    """
    return plan_event(number=number, kind=kind, data=data, at=at).carry_out()


def plan_event(
    *,
    number: str,
    kind: str,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Plan[OrderEvent]:
    """Return what does `record_event`, planned on the order as it stands now.

    Where others change the order meanwhile, it is planned again.

    Raises:
        what `record_event` does, but for TooMuchContention. Carrying it out may raise any of them.
    """
    event_type = _event_type(kind)
    parsed = _parse(event_type, data or {})

    def planned() -> Plan[OrderEvent | None]:
        order = Order.objects.prefetch_related("lines").get(number=number)
        if order.erased_at is not None:
            raise OrderErased(number)
        return _happening(order, event_type, parsed, now=at or timezone.now())

    first = planned()

    def record() -> OrderEvent:
        # Each try decides on what it read and writes only if that still holds: of two that want to
        # ship an order, one does, and the other sees it shipped and is refused.
        event = first.carry_out()
        for _ in range(MAX_TRIES - 1):
            if event is not None:
                break
            event = planned().carry_out()
        if event is None:
            raise TooMuchContention(f"Others kept changing the order {number}; try again.")
        log.info("order_event_recorded", order=number, kind=kind)
        return event

    return Plan(carry_out=record, expected=first.expected)


def legal_events(order: Order) -> tuple[str, ...]:
    """Return the types of the events that the order allows now, sorted."""
    if order.erased_at is not None:
        return ()
    return state_machine.legal_events(standing_of(order), event_types.registered())


def standing_of(order: Order) -> Standing:
    """Return where the order stands, for the state machine."""
    return Standing(
        status=Status(order.status),
        is_paid=order.is_paid,
        total=order.exact(order.total),
        refunded_total=order.exact(order.refunded_total),
        currency=order.currency,
    )


def _event_type(kind: str) -> OrderEventType[Any]:
    found = event_types.postable().get(kind)
    if found is None:
        possible = ", ".join(event_types.postable())
        message = f"There is no event {kind!r} to record; there are: {possible}."
        raise OrderRefused([Problem(path=("type",), message=message, code="unknown_event")])
    return found


def _parse(event_type: OrderEventType[Any], data: Mapping[str, Any]) -> EventData:
    declared: type[EventData] = event_type.data
    try:
        # Through JSON: only there does pydantic, strict as it is, read a date from a string.
        return declared.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise OrderRefused(
            [
                Problem(
                    path=("data", *problem["loc"]), message=problem["msg"], code=problem["type"]
                )
                for problem in error.errors(include_url=False, include_context=False)
            ]
        ) from error


def _happening(
    order: Order, event_type: OrderEventType[Any], data: EventData, *, now: datetime
) -> Plan[OrderEvent | None]:
    """Plan the event for an order that stands as `order` says.

    Carried out, it writes nothing and returns None if the order no longer stands so.
    """
    seen = standing_of(order)
    outcome = state_machine.advance(
        event_type, data, standing=seen, events=event_types.registered()
    )
    lines = list(order.lines.all())
    unchanged = Order.objects.filter(pk=order.pk, erased_at__isnull=True, **_moving_columns(seen))
    moved = _moving_columns(outcome.standing)
    for name, value in moved.items():
        setattr(order, name, value)
    order.updated_at = now
    event, record = _recording(
        order, lines, event_type, data=outcome.data, before=seen.status, now=now
    )

    def happen() -> OrderEvent | None:
        with transaction.atomic(savepoint=False):
            if not unchanged.update(**moved, updated_at=now):
                return None
            record()
        return event

    return Plan(carry_out=happen, expected=event)


def _moving_columns(standing: Standing) -> dict[str, Any]:
    return {
        "status": standing.status,
        "is_paid": standing.is_paid,
        "refunded_total": standing.refunded_total,
    }


def _recording(
    order: Order,
    lines: Sequence[OrderLine],
    event_type: OrderEventType[Any],
    *,
    data: EventData,
    before: str,
    now: datetime,
) -> tuple[OrderEvent, Callable[[], None]]:
    """Return an event of an order, and what writes it with the mail about it."""
    event = made(
        OrderEvent,
        order=order,
        type=event_type.name,
        data=data.model_dump(mode="json", exclude_none=True),
        status_before=before,
        status_after=order.status,
        created_at=now,
    )
    moment = Moment(data=data, standing=standing_of(order), occurred_at=now)
    owed = notifications_for(
        event_type=event_type, event=event, order=order, lines=lines, moment=moment
    )
    add_event, enqueue = insertion([event]), outbox.prepared(list(owed))

    def record() -> None:
        add_event()
        enqueue()

    return event, record
