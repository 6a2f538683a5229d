"""What can be done with orders: place one, and record what happens to it.

Both write order, event and notifications in one transaction: there is no event without its mail
on record, and no mail without its event. Neither reaches the network; the outbox publishes after
the commit. Called in a caller's transaction, they join it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from pydantic import ValidationError

from notifications.outbox import enqueue
from orders import event_types, numbering, state_machine
from orders.errors import NumberTaken, OrderErased, OrderRefused, Problem, TooMuchContention
from orders.event_types import EventData, Moment, NoData, OrderEventType, Standing
from orders.intake import NewOrder
from orders.mail import notifications_for
from orders.models import Order, OrderEvent, OrderLine
from orders.states import Status
from orders.totals import Totals, add_up

log = structlog.get_logger(__name__)

PLACED = "placed"
MAX_TRIES = 10


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
    totals = add_up(
        currency=new.currency,
        lines=new.lines,
        shipping=new.shipping,
        discount=new.discount,
        tax=new.tax,
    )
    if new.number is not None:
        return _place(new, number=new.number, totals=totals, now=at or timezone.now())
    for number in numbering.candidates():
        try:
            return _place(new, number=number, totals=totals, now=at or timezone.now())
        except NumberTaken:
            continue
    raise AssertionError("candidates() never ends")


def _place(new: NewOrder, *, number: str, totals: Totals, now: datetime) -> Order:
    order = _order(new, number=number, totals=totals, now=now)
    lines = [
        OrderLine(
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
    try:
        # In a caller's transaction this is a savepoint, so that a taken number spoils nothing.
        with transaction.atomic():
            order.save(force_insert=True)
            OrderLine.objects.bulk_create(lines)
            _record(
                order, lines, event_types.registered()[PLACED], data=NoData(), before="", now=now
            )
    except IntegrityError:
        if Order.objects.filter(number=number).exists():
            raise NumberTaken(number) from None
        raise
    prefetch_related_objects([order], "lines")
    log.info("order_placed", order=order.number, lines=len(lines))
    return order


def _order(new: NewOrder, *, number: str, totals: Totals, now: datetime) -> Order:
    return Order(
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
    event_type = _event_type(kind)
    parsed = _parse(event_type, data or {})
    # Each try decides on what it read and writes only if that still holds: of two that want to ship
    # an order, one does, and the other sees it shipped and is refused.
    for _ in range(MAX_TRIES):
        order = Order.objects.prefetch_related("lines").get(number=number)
        if order.erased_at is not None:
            raise OrderErased(number)
        event = _try_to_record(order, event_type, parsed, now=at or timezone.now())
        if event is not None:
            log.info("order_event_recorded", order=number, kind=kind)
            return event
    raise TooMuchContention(f"Others kept changing the order {number}; try again.")


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


def _try_to_record(
    order: Order, event_type: OrderEventType[Any], data: EventData, *, now: datetime
) -> OrderEvent | None:
    """Record the event if the order still stands as `order` says; None if it does not."""
    seen = standing_of(order)
    outcome = state_machine.advance(
        event_type, data, standing=seen, events=event_types.registered()
    )
    lines = list(order.lines.all())
    with transaction.atomic():
        changed = Order.objects.filter(
            pk=order.pk, erased_at__isnull=True, **_moving_columns(seen)
        ).update(**_moving_columns(outcome.standing), updated_at=now)
        if not changed:
            return None
        for name, value in _moving_columns(outcome.standing).items():
            setattr(order, name, value)
        order.updated_at = now
        return _record(order, lines, event_type, data=outcome.data, before=seen.status, now=now)


def _moving_columns(standing: Standing) -> dict[str, Any]:
    return {
        "status": standing.status,
        "is_paid": standing.is_paid,
        "refunded_total": standing.refunded_total,
    }


def _record(
    order: Order,
    lines: list[OrderLine],
    event_type: OrderEventType[Any],
    *,
    data: EventData,
    before: str,
    now: datetime,
) -> OrderEvent:
    event = OrderEvent.objects.create(
        order=order,
        type=event_type.name,
        data=data.model_dump(mode="json", exclude_none=True),
        status_before=before,
        status_after=order.status,
        created_at=now,
    )
    moment = Moment(data=data, standing=standing_of(order), occurred_at=now)
    enqueue(
        list(
            notifications_for(
                event_type=event_type, event=event, order=order, lines=lines, moment=moment
            )
        )
    )
    return event
