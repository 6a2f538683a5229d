"""The personal data that orders hold, and how it is taken away; amounts and lines stay."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from orders.mail import SOURCE_TYPE
from orders.models import Order, OrderEvent


class OrdersKeeper:
    """Tells `notifications.erasure` what orders know of people."""

    name = "orders"

    def causes_of(self, address: str) -> Iterator[tuple[str, str]]:
        """Yield the events of the person's orders: the shop's own copies are about them too."""
        events = OrderEvent.objects.filter(order__in=_of(address)).values_list("pk", flat=True)
        for pk in events.iterator():
            yield SOURCE_TYPE, str(pk)

    def count_of(self, address: str) -> int:
        """Return how many orders the person placed."""
        return _of(address).count()

    def erase_of(self, address: str, *, now: datetime) -> int:
        """Erase the person's data in all their orders; return in how many."""
        return _erase(list(_of(address).values_list("pk", flat=True)), now=now)

    def erase_old(self, *, now: datetime, most: int) -> int:
        """Erase orders to which nothing has happened for ORDER_RETENTION_DAYS (0: never)."""
        days = settings.ORDER_RETENTION_DAYS
        if not days:
            return 0
        old = Order.objects.filter(
            updated_at__lt=now - timedelta(days=days), erased_at__isnull=True
        ).order_by("updated_at")
        with transaction.atomic():
            if connection.features.has_select_for_update_skip_locked:
                old = old.select_for_update(skip_locked=True)
            return _erase(list(old.values_list("pk", flat=True)[:most]), now=now)


KEEPER = OrdersKeeper()


def _of(address: str) -> QuerySet[Order]:
    # By the index `order_customer_email`, which the API's filter uses too.
    return Order.objects.annotate(email=Lower("customer_email")).filter(
        email=address.strip().lower(), erased_at__isnull=True
    )


def _erase(ids: Collection[UUID], *, now: datetime) -> int:

    if not ids:
        return 0
    with transaction.atomic():
        # What a carrier or a clerk wrote about it: tracking numbers, notes.
        OrderEvent.objects.filter(order__in=ids).update(data={})
        return Order.objects.filter(pk__in=ids, erased_at__isnull=True).update(
            customer_email="",
            customer_name="",
            shipping_address=None,
            billing_address=None,
            url="",
            metadata={},
            erased_at=now,
        )
