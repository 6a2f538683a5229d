"""Where an order can stand.

    placed ──► paid ──► shipped ──► delivered
       │         │         │            │
       ▼         ▼         ▼            ▼
    cancelled ◄──┘      refunded ◄──────┘      (refunded also from paid, and from cancelled if paid)

Which event moves an order from where to where stands in that event's own file (`orders/events/`);
`state_machine` derives the machine from them.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """An order's status; the database holds nothing else (a check constraint)."""

    PLACED = "placed", _("Placed")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")
