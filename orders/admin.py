"""Orders in the admin: a record to read, with what happened and where its mail is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from notifications.admin.read_only import ReadOnlyAdmin
from orders import money
from orders.contexts import Address
from orders.models import Order, OrderEvent, OrderLine
from orders.states import Status

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

COLOURS = {
    Status.PLACED: "info",
    Status.PAID: "primary",
    Status.SHIPPED: "primary",
    Status.DELIVERED: "success",
    Status.CANCELLED: "warning",
    Status.REFUNDED: "warning",
}


def amount(name: str, description: "StrPromise") -> Callable[[Any, Any], str]:
    """Return a column that shows the amount `name` of an order or line with its currency."""

    @admin.display(description=description, ordering=name)
    def shown(_admin: Any, record: Order | OrderLine) -> str:
        return f"{money.exact(getattr(record, name), record.currency):,f} {record.currency}"

    return shown


class RecordInline(TabularInline):
    """Rows that belong to an order, and that nobody adds, changes or deletes here."""

    extra = 0
    tab = True
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class LineInline(RecordInline):
    """The order's lines."""

    model = OrderLine
    fields = ("position", "sku", "name", "quantity", "unit_price_shown", "total_shown")
    readonly_fields = fields
    unit_price_shown = amount("unit_price", _("unit price"))
    total_shown = amount("total", _("total"))


class EventInline(RecordInline):
    """What has happened to the order, and with which data."""

    model = OrderEvent
    fields = ("created_at", "type", "status_before", "status_after", "data")
    readonly_fields = fields


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Finds an order by number or customer, and leads to its mail."""

    list_display = (
        "number",
        "status_badge",
        "customer_name",
        "customer_email",
        "total_shown",
        "locale",
        "created_at",
    )
    list_filter = ("status", "is_paid", "currency", "locale", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("number", "customer_email", "customer_name")
    search_help_text = _("Number, or the customer's address or name")
    ordering = ("-created_at", "-id")
    inlines = (LineInline, EventInline)
    readonly_fields = (
        "mail",
        "subtotal_shown",
        "shipping_shown",
        "discount_shown",
        "tax_shown",
        "total_shown",
        "refunded_shown",
        "shipping_address_shown",
        "billing_address_shown",
    )
    fieldsets = (
        (None, {"fields": ("number", "status", "mail", "created_at", "updated_at")}),
        (
            _("Customer"),
            {
                "fields": (
                    ("customer_name", "locale"),
                    "customer_email",
                    ("shipping_address_shown", "billing_address_shown"),
                )
            },
        ),
        (
            _("Amounts"),
            {
                "fields": (
                    ("subtotal_shown", "shipping_shown"),
                    ("discount_shown", "tax_shown"),
                    ("total_shown", "refunded_shown"),
                )
            },
        ),
        (_("From the shop"), {"fields": ("url", "metadata")}),
    )

    subtotal_shown = amount("subtotal", _("subtotal"))
    shipping_shown = amount("shipping", _("shipping"))
    discount_shown = amount("discount", _("discount"))
    tax_shown = amount("tax", _("tax"))
    total_shown = amount("total", _("total"))
    refunded_shown = amount("refunded_total", _("refunded"))

    @display(description=_("status"), ordering="status", label=COLOURS)
    def status_badge(self, order: Order) -> tuple[str, str]:
        """Return the status, coloured."""
        return order.status, order.get_status_display()

    @admin.display(description=_("emails"))
    def mail(self, order: Order) -> SafeString:
        """Return a link to the notifications that this order has caused."""
        address = reverse("admin:notifications_notification_changelist")
        query = urlencode({"q": order.number})
        return format_html(
            '<a class="text-primary-600 underline" href="{}?{}">{}</a>',
            address,
            query,
            _("Show this order's emails"),
        )

    @admin.display(description=_("shipping address"))
    def shipping_address_shown(self, order: Order) -> str:
        """Return the address on one line."""
        return _address(order.shipping_address)

    @admin.display(description=_("billing address"))
    def billing_address_shown(self, order: Order) -> str:
        """Return the address on one line."""
        return _address(order.billing_address)


def _address(stored: dict[str, Any] | None) -> str:
    if stored is None:
        return "—"
    address = Address.model_validate(stored)
    parts = (address.name, address.line1, address.line2, address.city, address.region)
    return ", ".join(part for part in (*parts, address.postal_code, address.country) if part)
