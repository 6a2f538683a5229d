"""The emails that an order event causes: one for the customer, and the shop's own copies."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from django.conf import settings

from notifications.models import Role
from notifications.outbox import NewNotification
from orders.contexts import Customer, order_details
from orders.event_types import Moment, OrderEventType
from orders.models import Order, OrderEvent, OrderLine
from templating.contracts import shop_context

SOURCE_TYPE = "orders.order_event"


def notifications_for(
    *,
    event_type: OrderEventType[Any],
    event: OrderEvent,
    order: Order,
    lines: Iterable[OrderLine],
    moment: Moment[Any],
) -> Iterator[NewNotification]:
    """Yield what is owed for `event`, with the order as it stands now as their context."""
    context = event_type.contract.context.model_validate(
        {
            "shop": shop_context(),
            "order": order_details(order, lines),
            "customer": Customer(name=order.customer_name, email=order.customer_email),
            **event_type.details(moment),
        }
    ).model_dump(mode="json")
    for recipient, name, role in _recipients(order):
        yield NewNotification(
            event=event_type.contract.event,
            recipient=recipient,
            recipient_name=name,
            role=role,
            locale=order.locale if role == Role.CUSTOMER else settings.DEFAULT_LOCALE,
            context=context | {"role": role.value},
            idempotency_key=_idempotency_key(event, event_type, recipient, role),
            source_type=SOURCE_TYPE,
            source_id=str(event.id),
            reference=order.number,
        )


def _recipients(order: Order) -> Iterator[tuple[str, str, Role]]:
    yield order.customer_email, order.customer_name, Role.CUSTOMER
    # dict.fromkeys: an address that is configured twice is still one recipient.
    for address in dict.fromkeys(settings.SHOP_COPY_TO):
        yield address, settings.SHOP_NAME, Role.SHOP


def _idempotency_key(
    event: OrderEvent, event_type: OrderEventType[Any], recipient: str, role: Role
) -> str:
    key = f"{event.id}:{event_type.contract.event}:{role}"
    if role == Role.CUSTOMER:
        return key
    # A digest: an address may be longer than the column, and keys outlive stored addresses.
    return f"{key}:{sha256(recipient.encode()).hexdigest()[:16]}"
