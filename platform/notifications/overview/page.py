"""The overview as a page, and its blocks alone for the page to refresh itself by."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications import alarms
from notifications.overview import mail, platform
from notifications.overview.first_steps import open_steps

BLOCKS = "admin/notifications/overview/blocks.html"
PERMISSION = "notifications.view_deliveryrollup"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fill the admin's home; unfold calls it (`UNFOLD["DASHBOARD_CALLBACK"]`).

    The blocks are one key: a key called `opts` makes unfold take the page for a model's.
    """
    context["title"] = _("Overview")
    if request.user.has_perm(PERMISSION):
        span = _span(request)
        context["overview"] = overview(request, span=span)
        context["refresh_url"] = reverse("overview")
    return context


@require_safe
@never_cache
def blocks(request: HttpRequest) -> HttpResponse:
    """Answer with the blocks alone.

    Raises:
        PermissionDenied: this person may not see what moves.
    """
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    return render(request, BLOCKS, {"overview": overview(request, span=_span(request))})


def overview(request: HttpRequest, *, span: str) -> dict[str, Any]:
    """Return everything that the blocks show, for `hour`, `day` or `week`."""
    now = timezone.now()
    sees_mail = request.user.has_perm("notifications.view_notification")
    return {
        "now": now,
        "span": span,
        "spans": [(name, label) for name, (label, _length) in mail.SPANS.items()],
        "steps": open_steps(request),
        "alarms": alarms.current(now=now),
        "cards": mail.cards(now=now),
        "chart": mail.chart(span, now=now),
        "speed": mail.speed(span, now=now),
        "sees_mail": sees_mail,
        "concerns": mail.concerns(now=now) if sees_mail else [],
        "providers": platform.providers(now=now),
        "processes": platform.processes(now=now),
        "queues": platform.broker_queues(),
        "audit": platform.last_audit(now=now),
        "configuration": platform.configuration(),
    }


def _span(request: HttpRequest) -> str:
    asked = request.GET.get("span", "")
    return asked if asked in mail.SPANS else mail.DEFAULT_SPAN


urlpatterns = [path("", admin.site.admin_view(blocks), name="overview")]
