"""An order's life as its page tells it: each event, with the mail that it caused."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from access.masking import mask_address, may_see_addresses
from notifications import explanations
from notifications.admin.badges import STATUS_COLOURS
from notifications.models import Notification
from notifications.states import Status
from orders.mail import SOURCE_TYPE
from orders.models import Order, OrderEvent

SHOWN = 200
"""Mails of one order that are shown; no order of a shop has so many."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail: where its page is, whom it is for, how it stands and what comes next."""

    url: str
    event: str
    recipient: str
    role: str
    status: str
    colour: str
    attempts: int
    why: str
    next: str
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event and its mail."""

    at: datetime
    kind: str
    became: str
    data: list[tuple[str, Any]]
    mails: list[Mail]


def of(order: Order, *, user: Any) -> list[Entry]:
    """Return what happened to an order, the oldest first, as `user` may see it."""
    events = list(order.events.order_by("created_at", "id"))
    mails = _mails(order, events, sees_addresses=may_see_addresses(user))
    return [
        Entry(
            at=event.created_at,
            kind=event.type,
            became=event.get_status_after_display(),
            data=[(name.replace("_", " "), value) for name, value in event.data.items()],
            mails=mails[str(event.pk)],
        )
        for event in events
    ]


def _mails(
    order: Order, events: Sequence[OrderEvent], *, sees_addresses: bool
) -> dict[str, list[Mail]]:
    rows = Notification.objects.filter(
        reference=order.number,  # by its index; there is none of causes
        source_type=SOURCE_TYPE,
        source_id__in=[str(event.pk) for event in events],
    )
    found: defaultdict[str, list[Mail]] = defaultdict(list)
    for row in rows.defer("context").order_by("created_at", "pk")[:SHOWN]:
        outlook = explanations.outlook(row)
        found[row.source_id].append(
            Mail(
                url=reverse("admin:notifications_notification_change", args=[row.pk]),
                event=row.event,
                recipient=row.recipient if sees_addresses else mask_address(row.recipient),
                role=row.get_role_display(),
                status=str(Status(row.status).label),
                colour=STATUS_COLOURS[row.status],
                attempts=row.attempt_count,
                why=outlook.why,
                next=outlook.next,
                next_at=outlook.at,
            )
        )
    return found
