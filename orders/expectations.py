"""What the audit may expect of orders: each event has the customer's mail."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import CharField, Exists, F, OuterRef
from django.db.models.functions import Cast

from notifications.auditing import Finding
from notifications.models import Notification
from orders import event_types
from orders.mail import SOURCE_TYPE
from orders.models import OrderEvent


def events_without_mail(since: datetime, until: datetime) -> Iterator[Finding]:
    """Yield the order events of a window that no notification was made for."""
    mail = Notification.objects.filter(
        source_type=SOURCE_TYPE, source_id=OuterRef("source_id_of_mail")
    )
    events = (
        OrderEvent.objects.filter(created_at__gte=since, created_at__lt=until)
        .annotate(source_id_of_mail=Cast("pk", CharField()), number=F("order__number"))
        .filter(~Exists(mail))
        .values_list("type", "number", "created_at")
    )
    known = event_types.registered()
    for kind, number, created_at in events.iterator():
        event = known[kind].contract.event if kind in known else kind
        yield Finding(kind="missing", event=event, reference=number, since=created_at)
