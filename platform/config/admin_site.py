"""The admin's frame: name, colours, sidebar, and the badge that tells development from production.

What a person may not see is left out of the sidebar; the pages check again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the sidebar: where it leads, and which permission its page asks for."""

    title: str | Promise
    icon: str
    url_name: str
    permission: str | None = None
    badge: Callable[[HttpRequest], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some entries under a title; `folded`: open only when one of them is shown."""

    title: str | Promise
    entries: tuple[Entry, ...]
    folded: bool = False


def _list(title: str | Promise, model: str, icon: str, **more: Any) -> Entry:
    """Return the entry of a model's list; `model` is "<app>.<model>"."""
    app, _dot, name = model.partition(".")
    return Entry(
        title=title,
        icon=icon,
        url_name=f"admin:{app}_{name}_changelist",
        permission=f"{app}.view_{name}",
        **more,
    )


def _attention(request: HttpRequest) -> str:
    # Imported here: settings name this module, and are read before there are models.
    from notifications.admin.badges import attention_badge

    return attention_badge(request)


GROUPS = (
    Group(
        title="",
        entries=(
            Entry(title=gettext_lazy("Overview"), icon="space_dashboard", url_name="admin:index"),
        ),
    ),
    Group(
        title=gettext_lazy("Delivery"),
        entries=(
            _list(
                gettext_lazy("Notifications"),
                "notifications.notification",
                "mail",
                badge=_attention,
            ),
            _list(gettext_lazy("Suppressions"), "notifications.suppression", "block"),
            _list(gettext_lazy("Bulk operations"), "notifications.bulkoperation", "checklist"),
        ),
    ),
    Group(
        title=gettext_lazy("Shop"),
        entries=(
            _list(gettext_lazy("Orders"), "orders.order", "receipt_long"),
            Entry(
                title=gettext_lazy("Templates"),
                icon="edit_document",
                url_name="studio:list",
                permission="templating.view_template",
            ),
        ),
    ),
    Group(
        title=gettext_lazy("Access"),
        entries=(
            _list(gettext_lazy("API keys"), "access.apikey", "key"),
            _list(gettext_lazy("Audit log"), "access.auditentry", "history"),
            _list(gettext_lazy("Users"), "auth.user", "person"),
            _list(gettext_lazy("Roles"), "auth.group", "group"),
        ),
    ),
    Group(
        title=gettext_lazy("Records"),
        folded=True,
        entries=(
            _list(gettext_lazy("Attempts"), "notifications.deliveryattempt", "outgoing_mail"),
            _list(gettext_lazy("Provider events"), "notifications.providerevent", "webhook"),
            _list(gettext_lazy("Signs of life"), "notifications.heartbeat", "cardiology"),
            _list(
                gettext_lazy("Counts by the minute"), "notifications.deliveryrollup", "bar_chart"
            ),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar as unfold draws it, for the person who asks."""
    shown = (
        (group, [item for entry in group.entries if (item := _item(entry, request)) is not None])
        for group in GROUPS
    )
    return [
        {"title": group.title, "collapsible": group.folded, "items": items}
        for group, items in shown
        if items
    ]


def _item(entry: Entry, request: HttpRequest) -> dict[str, Any] | None:
    if entry.permission is not None and not request.user.has_perm(entry.permission):
        return None
    try:
        link = reverse(entry.url_name)
    except NoReverseMatch:  # its app is not installed
        return None
    item: dict[str, Any] = {"title": entry.title, "icon": entry.icon, "link": link}
    if entry.badge is not None and (badge := entry.badge(request)):
        item |= {"badge": badge, "badge_variant": "danger"}
    return item


def environment(request: HttpRequest) -> tuple[str, str] | None:  # noqa: ARG001 - unfold passes it
    """Return the badge of every page's head in development; production has none."""
    if not settings.DEBUG:
        return None
    first = settings.EMAIL_PROVIDERS[0] if settings.EMAIL_PROVIDERS else "–"
    return f"{gettext('Development')} · {first}", "warning"


def environment_prefix(request: HttpRequest) -> str | None:  # noqa: ARG001 - unfold passes it
    """Return what stands before the title of each browser tab in development."""
    return gettext("[dev]") if settings.DEBUG else None


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Postroom",
    "SITE_HEADER": "Postroom",
    "SITE_SUBHEADER": gettext_lazy("Order mail, delivered"),
    "SITE_SYMBOL": "stacked_email",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("notifications/icon.svg"),  # noqa: ARG005 - unfold's way
        }
    ],
    "STYLES": [lambda request: static("config/admin.css")],  # noqa: ARG005 - unfold's way
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": environment,
    "ENVIRONMENT_TITLE_PREFIX": environment_prefix,
    "DASHBOARD_CALLBACK": "notifications.overview.page.dashboard",
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": navigation,
    },
}
