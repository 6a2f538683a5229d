"""What the audit may expect of orders: each event has its mail."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db.models import F

from notifications.auditing import Finding
from notifications.models import Notification
from orders import event_types
from orders.mail import SOURCE_TYPE
from orders.models import OrderEvent

CHUNK = 1000


def events_without_mail(since: datetime, until: datetime) -> Iterator[Finding]:
    """Yield the order events of a window that no notification was made for.

    An anti-join in chunks rather than in SQL: a cause is kept as text, and the two databases write
    a UUID as text differently.
    """
    events = (
        OrderEvent.objects.filter(created_at__gte=since, created_at__lt=until)
        .order_by("created_at", "id")
        .annotate(number=F("order__number"))
        .values_list("pk", "type", "number", "created_at")
        .iterator(chunk_size=CHUNK)
    )
    known = event_types.registered()
    while found := {str(pk): rest for pk, *rest in islice(events, CHUNK)}:
        mailed = Notification.objects.filter(
            # By the index of references; there is none of causes.
            reference__in={number for _kind, number, _created_at in found.values()},
            source_type=SOURCE_TYPE,
            source_id__in=found,
        )
        for source_id in mailed.values_list("source_id", flat=True):
            found.pop(source_id, None)
        for kind, number, created_at in found.values():
            event = known[kind].contract.event if kind in known else kind
            yield Finding(kind="missing", event=event, reference=number, since=created_at)
