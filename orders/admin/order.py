"""The list of orders and an order's page: what happened, and what became of its mail."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action as unfold_action
from unfold.decorators import display

from access.keyset import KeysetAdmin
from access.masking import mask_address, mask_data, mask_name
from access.read_only import ReadOnlyAdmin
from notifications.admin.lists import MaskingChangeList
from orders import event_types, money, services
from orders.admin import history, pages
from orders.contexts import Address
from orders.models import Order, OrderLine
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


@admin.register(Order)
class OrderAdmin(KeysetAdmin, ReadOnlyAdmin):
    """Finds an order by number or customer, and shows what happened to it and to its mail."""

    when_empty = _("Shops place orders over the API; a test order can be placed here.")
    keyset = ("-created_at", "-pk")
    list_display = (
        "number",
        "status_badge",
        "customer",
        "total_shown",
        "locale",
        "created_at",
    )
    list_filter = ("status", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ("number", "customer_email")
    search_help_text = _("The beginning of a number, or a customer's whole address")
    inlines = (LineInline,)
    actions_list = ("place_test_order",)
    change_form_outer_before_template = "admin/orders/order/history.html"
    readonly_fields = (
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
        (None, {"fields": (("number", "status"), ("created_at", "updated_at"))}),
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

    @display(description=_("customer"), header=True)
    def customer(self, order: Order) -> tuple[str, str]:
        """Return name and address, one above the other."""
        return order.customer_name or "–", order.customer_email

    @admin.display(description=_("shipping address"))
    def shipping_address_shown(self, order: Order) -> str:
        """Return the address on one line."""
        return _address(order.shipping_address)

    @admin.display(description=_("billing address"))
    def billing_address_shown(self, order: Order) -> str:
        """Return the address on one line."""
        return _address(order.billing_address)

    @unfold_action(description=_("Place a test order"), url_path="place", icon="add")
    def place_test_order(self, request: HttpRequest) -> HttpResponse:
        """Show the form of a test order; only POST places it."""
        return pages.place_test_order(request, site=self.admin_site)

    def get_actions_list(self, request: HttpRequest) -> list[UnfoldAction]:
        """Offer the test order to those who may place one."""
        found: list[UnfoldAction] = super().get_actions_list(request)
        return found if request.user.has_perm(pages.PLACE) else []

    def get_urls(self) -> list[URLPattern]:
        """Add the page that records an event."""

        def record(request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
            return pages.record_event(request, object_id=object_id, kind=kind, site=self.admin_site)

        own = path(
            "<uuid:object_id>/record/<str:kind>/",
            self.admin_site.admin_view(record),
            name="orders_order_record",
        )
        return [own, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Find by the beginning of a number, or by an address; an index answers either."""
        term = search_term.strip()
        if "@" in term:
            # The index is on the address in small letters: see `Order.Meta`.
            by_address = queryset.annotate(address=Lower("customer_email"))
            return by_address.filter(address=term.lower()), False
        spellings = {term, term.upper()} - {""}
        found = [Q(number__prefix=spelling) for spelling in sorted(spellings)]
        return queryset.filter(reduce(or_, found, Q())), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MaskingChangeList]:
        """Return the class of the list."""
        return MaskingChangeList

    def mask(self, row: Order) -> None:
        """Hide who the customer is."""
        row.customer_email = mask_address(row.customer_email)
        row.customer_name = mask_name(row.customer_name)
        for address in (row.shipping_address, row.billing_address):
            if address is not None:
                masked = mask_data(address, of_person=True)
                address.update(masked)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the order's history, and what may happen next."""
        order = self.get_object(request, object_id)
        more: dict[str, Any] = {"show_save": False}
        if order is not None:
            more |= {"history": history.of(order, user=request.user)}
            more |= {"next_events": self._next_events(request, order)}
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {**more, **(extra_context or {})}
        )
        return answer

    def _next_events(self, request: HttpRequest, order: Order) -> list[dict[str, str]]:
        if not request.user.has_perm(pages.RECORD):
            return []
        return [
            {
                "title": event_types.registered()[kind].contract.title,
                "url": reverse("admin:orders_order_record", args=[order.pk, kind]),
            }
            for kind in services.legal_events(order)
        ]


def _address(stored: dict[str, Any] | None) -> str:
    if stored is None:
        return "—"
    address = Address.model_validate(stored)
    parts = (address.name, address.line1, address.line2, address.city, address.region)
    return ", ".join(part for part in (*parts, address.postal_code, address.country) if part)
