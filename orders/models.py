"""What happened: orders, their lines, and the events of their lives."""

import uuid
from collections.abc import Sequence
from decimal import Decimal

import uuid_utils.compat
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from orders import money
from orders.fields import MoneyField
from orders.states import Status

MAX_QUANTITY = 1_000_000


def new_id() -> uuid.UUID:
    """Return a UUIDv7: unique anywhere, and ordered by the time it was made."""
    return uuid_utils.compat.uuid7()


class Order(models.Model):
    """One order as it was placed, and where it stands.

    Everything but `status`, `is_paid` and `refunded_total` stays as it was placed. These three
    change only together with an event, in `services.record_event`, by compare-and-set.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=64, unique=True)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PLACED)
    is_paid = models.BooleanField(default=False)  # stays true through cancellation and refund
    refunded_total = MoneyField(default=Decimal(0))

    customer_email = models.CharField(max_length=254)
    customer_name = models.CharField(max_length=200, blank=True)
    locale = models.CharField(max_length=35)

    currency = models.CharField(max_length=3)
    subtotal = MoneyField()
    shipping = MoneyField()
    discount = MoneyField()
    tax = MoneyField()
    total = MoneyField()

    shipping_address = models.JSONField(null=True, blank=True)
    billing_address = models.JSONField(null=True, blank=True)
    url = models.CharField(max_length=2000, blank=True)  # the shop's own page of this order
    metadata = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # When the customer's data was taken away; amounts and lines stay.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="order_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    subtotal__gte=0, shipping__gte=0, discount__gte=0, tax__gte=0, total__gte=0
                ),
                name="order_amounts_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("shipping") + F("tax") - F("discount")),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(refunded_total__gte=0, refunded_total__lte=F("total")),
                name="order_refund_within_total",
            ),
            models.CheckConstraint(
                condition=Q(refunded_total=0) | Q(is_paid=True), name="order_refund_needs_payment"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PAID) | Q(is_paid=True), name="order_paid_is_paid"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.REFUNDED) | Q(is_paid=True, refunded_total=F("total")),
                name="order_refunded_is_refunded",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="order_created"),
            models.Index(fields=["status", "-created_at", "-id"], name="order_status"),
            # Local parts of addresses differ in case only by accident, so the filter ignores it.
            models.Index(
                Lower("customer_email"),
                F("created_at").desc(),
                F("id").desc(),
                name="order_customer_email",
            ),
            # Erasure's: what is erased leaves it, so that history costs it nothing.
            models.Index(
                fields=["updated_at"], condition=Q(erased_at__isnull=True), name="order_to_erase"
            ),
        ]
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        permissions = [
            ("place_test_order", "Can place a test order"),
            ("record_event", "Can record an event of an order"),
        ]
        verbose_name = _("order")
        verbose_name_plural = _("orders")

    def __str__(self) -> str:
        return self.number

    def exact(self, amount: Decimal) -> Decimal:
        """Return `amount` with just the decimals of the order's currency."""
        return money.exact(amount, self.currency)

    def know_lines(self, lines: "Sequence[OrderLine]") -> None:
        """Have `lines.all()` answer with these, as if they had been prefetched."""
        # Where Django keeps what was prefetched; to fill it otherwise takes a query.
        known = self.lines.all()
        known._result_cache = list(lines)  # noqa: SLF001
        self._prefetched_objects_cache = {"lines": known}


class OrderLine(models.Model):
    """One position of an order."""

    order = models.ForeignKey(
        Order,
        on_delete=models.CASCADE,
        related_name="lines",
        db_index=False,  # `order_line_position` begins with it
    )
    position = models.PositiveIntegerField()
    sku = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=500)
    quantity = models.PositiveIntegerField()
    unit_price = MoneyField()
    total = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY),
                name="order_line_quantity_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, total=F("unit_price") * F("quantity")),
                name="order_line_total_adds_up",
            ),
        ]
        ordering = ["position"]
        default_permissions = ("view",)
        verbose_name = _("line")
        verbose_name_plural = _("lines")

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def currency(self) -> str:
        """The order's currency, in which the amounts are."""
        return self.order.currency


class OrderEvent(models.Model):
    """Something that happened to an order; never changed, and the cause of its notifications."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(
        Order,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,  # `order_event_order` begins with it
    )
    # Not constrained to the registered types: an event's file may be taken away, its history not.
    type = models.CharField(max_length=50)
    data = models.JSONField(default=dict)
    status_before = models.CharField(max_length=12, choices=Status.choices, blank=True)
    status_after = models.CharField(max_length=12, choices=Status.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status_before__in=["", *Status.values], status_after__in=Status.values),
                name="order_event_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(type="placed"), name="order_event_placed_once"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "created_at", "id"], name="order_event_order"),
            models.Index(fields=["created_at", "id"], name="order_event_created"),
        ]
        ordering = ["created_at", "id"]
        default_permissions = ("view",)
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return self.type


class AssignedNumber(models.Model):
    """A place in the sequence of the numbers that we assign; its id is the `n` of SO-<1000+n>.

    A table of its own, since its auto-increment gives every transaction another value without
    making one wait for the other, and gives none twice.
    """

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
