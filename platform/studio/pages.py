"""The two pages of the studio in the admin: all templates, and the editor of one document.

They hold no texts of templates: the editor fetches its document as JSON (`data/`).
"""

from typing import Any

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from studio import documents
from studio.inventory import Inventory
from studio.listing import Listing, listing
from templating.locales import normalise


@require_safe
@staff_member_required
def list_page(request: HttpRequest) -> HttpResponse:
    """Show all mails by event and locale, and what they share.

    `?event=order.paid&locale=fr` leads to the editor of a translation that is to be begun.
    """
    _require_view(request)
    event, asked = request.GET.get("event", ""), request.GET.get("locale", "").strip()
    locale = asked if locale_name(asked) else ""
    if event and locale:
        return redirect("studio:edit", key=f"{event}/{normalise(locale)}")
    found = listing()
    context = {
        "title": "Templates",
        "listing": found,
        "languages": [(code, locale_name(code)) for code in found.locales],
        "missing": _missing(found),
        "drafts": _drafts(found),
        "refused_locale": asked if event else "",
        "asked_event": event,
        "may_edit": request.user.has_perm("templating.change_template"),
    }
    return _page(request, "studio/list.html", context)


@require_safe
@staff_member_required
def edit_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show the editor of a mail (`order.shipped/ko`) or a shared file (`_layouts/…`)."""
    _require_view(request)
    try:
        document = documents.find(key, Inventory())
    except documents.UnknownDocument:
        raise Http404(f"there is no template {key!r}") from None
    context = {
        "title": _title(document),
        "list_url": reverse("studio:list"),
        "config": _config(request, document),
        "is_fullwidth": "1",
    }
    return _page(request, "studio/editor.html", context)


def locale_name(code: str) -> str:
    """Return what English calls a locale ("Korean"); "" for what is none."""
    try:
        return Locale.parse(normalise(code), sep="-").get_display_name("en") or ""
    except (UnknownLocaleError, ValueError):
        return ""


def _require_view(request: HttpRequest) -> None:
    if not request.user.has_perm("templating.view_template"):
        raise PermissionDenied("You may not see templates.")


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})


def _config(request: HttpRequest, document: documents.Document) -> dict[str, Any]:
    """Return what the editor's script has to know before it can ask for anything."""
    codes = {*Inventory().locales, *([document.target.locale] if document.target else [])}
    return {
        "key": document.key,
        "title": document.title,
        "user": request.user.pk,
        "dataUrl": reverse("studio:list") + "data/",
        "editUrl": reverse("studio:edit", kwargs={"key": "KEY"}),
        "loginUrl": reverse("admin:login"),
        "csrfToken": get_token(request),
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        "localeNames": {code: locale_name(code) for code in codes},
    }


def _title(document: documents.Document) -> str:
    if document.kind is documents.Kind.MAIL:
        return document.title
    return f"{documents.shared_kind(document.key)} {document.title}"


def _missing(found: Listing) -> int:
    return sum(cell.state == "missing" for event in found.events for cell in event.cells)


def _drafts(found: Listing) -> int:
    drafts = [cell.draft for event in found.events for cell in event.cells]
    drafts += [file.draft for file in found.shared]
    return sum(draft is not None for draft in drafts)
