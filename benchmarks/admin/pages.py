"""The admin's pages that must not become slow: every list, filter, search and the overview."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from notifications.models import Notification
from orders.models import Order


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page's name and address, for the rows of the database at hand."""
    yield "overview", reverse("admin:index")
    for span in ("hour", "day", "week"):
        yield f"overview, refreshing ({span})", _with(reverse("overview"), span=span)
    yield from _notifications()
    yield from _orders()
    for model in ("deliveryattempt", "providerevent", "suppression", "deliveryrollup"):
        yield f"list of {model}", reverse(f"admin:notifications_{model}_changelist")
    attempts = reverse("admin:notifications_deliveryattempt_changelist")
    yield "attempts by outcome", _with(attempts, outcome="transient")
    yield "attempts by provider", _with(attempts, provider="smtp")
    reports = reverse("admin:notifications_providerevent_changelist")
    yield "provider events by type", _with(reports, event_type="bounced")
    suppressions = reverse("admin:notifications_suppression_changelist")
    yield "suppressions, searched", _with(suppressions, q="customer10")
    log = reverse("admin:access_auditentry_changelist")
    yield "audit log", log
    yield "audit log by action", _with(log, q="notification.redrive")
    yield "audit log by target", _with(log, q=str(_some(Notification).pk))


def _notifications() -> Iterator[tuple[str, str]]:
    url = reverse("admin:notifications_notification_changelist")
    some = _some(Notification)
    yield "notifications", url
    for tab in ("attention", "retrying", "unknown"):
        yield f"notifications, tab {tab}", _with(url, tab=tab)
    for name, value in (
        ("status", "failed"),
        ("status", "delivered"),
        ("status", "bounced"),
        ("event", "order.paid"),
        ("provider", "smtp"),
        ("error", "permanent"),
        ("age", "day"),
        ("age", "older"),
    ):
        yield f"notifications, {name} {value}", _with(url, **{name: value})
    yield "notifications, status and event", _with(url, status="failed", event="order.paid")
    middle = f"{some.created_at.isoformat()}~{some.pk}"
    yield "notifications, a page in the middle", _with(url, older=middle)
    yield "notifications, order searched", _with(url, q=some.reference)
    yield "notifications, orders by beginning", _with(url, q=some.reference[:-1])
    yield "notifications, address searched", _with(url, q=some.recipient)
    yield "notifications, addresses by beginning", _with(url, q="customer10")
    yield "notifications, id searched", _with(url, q=str(some.pk))
    yield "notifications, nothing found", _with(url, q="SO-nothing")
    yield "a notification", reverse("admin:notifications_notification_change", args=[some.pk])


def _orders() -> Iterator[tuple[str, str]]:
    url, some = reverse("admin:orders_order_changelist"), _some(Order)
    yield "orders", url
    yield "orders by status", _with(url, status__exact="shipped")
    yield "orders, number searched", _with(url, q=some.number)
    yield "orders, numbers by beginning", _with(url, q=some.number[:-1])
    yield "orders, address searched", _with(url, q=some.customer_email)
    yield (
        "orders, a page in the middle",
        _with(url, older=f"{some.created_at.isoformat()}~{some.pk}"),
    )
    yield "an order", reverse("admin:orders_order_change", args=[some.pk])


def _some(model: type[Any]) -> Any:
    """Return a row from the middle of the history, with a context where it has one."""
    middle = _ends(model)
    rows = model.objects.filter(created_at__gte=middle).order_by("created_at")
    if model is Notification:
        rows = rows.filter(event="order.placed", status="delivered").exclude(context={})
    return rows[0]


def _ends(model: type[Any]) -> datetime:
    newest: datetime = model.objects.order_by("-created_at")[0].created_at
    oldest: datetime = model.objects.order_by("created_at")[0].created_at
    return oldest + (newest - oldest) / 2


def _with(url: str, **query: str) -> str:
    return f"{url}?{urlencode(query)}"
