"""What notifications say of the order that caused them, beside their mail."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.causes import Cause, Fact
from notifications.models import Notification
from orders import money
from orders.models import Order, OrderEvent


def order_of(row: Notification) -> Cause | None:
    """Return the order whose event caused a notification; None if it is gone."""
    try:
        event = OrderEvent.objects.select_related("order").get(pk=UUID(row.source_id))
    except (OrderEvent.DoesNotExist, ValueError):
        return None
    order: Order = event.order
    return Cause(
        title=_("Order %(number)s") % {"number": order.number},
        url=reverse("admin:orders_order_change", args=[order.pk]),
        permission="orders.view_order",
        facts=(
            Fact(label=_("Status"), value=order.get_status_display()),
            Fact(label=_("Customer"), value=order.customer_name, is_private=True),
            Fact(
                label=_("Total"),
                value=f"{money.exact(order.total, order.currency):,f} {order.currency}",
            ),
            Fact(label=_("Placed"), value=f"{order.created_at:%Y-%m-%d %H:%M}"),
        ),
    )
