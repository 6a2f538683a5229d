"""API keys and the audit log in the admin. Neither can be edited."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from access import keys, scopes
from access.actors import Actor
from access.keyset import KeysetAdmin
from access.models import ApiKey, AuditEntry
from access.read_only import ReadOnlyAdmin


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a person decides about a new key."""

    scopes = forms.MultipleChoiceField(
        choices=[
            (scope.value, f"{scope.value}: {scopes.DESCRIPTIONS[scope]}") for scope in scopes.ALL
        ],
        initial=list(scopes.ALL),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label=_("Scopes"),
        help_text=_("Take away what the client does not need."),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")


class RevokeForm(BaseDialogForm):
    """Why the key is revoked; the audit log keeps it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The audit log keeps it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Lists keys, makes one (showing it once), revokes one (asking why)."""

    when_empty = _(
        "Each client of the API needs a key of its own. It is shown once, when it is made."
    )
    form = ApiKeyForm
    list_display = (
        "name",
        "prefix",
        "shown_state",
        "scope_names",
        "last_used_at",
        "expires_at",
        "created_at",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "prefix")
    readonly_fields = (
        "prefix",
        "shown_state",
        "scope_names",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    actions_detail = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Ask little for a new key, show all of an old one."""
        if obj is None:
            return ("name", "scopes", "expires_at")
        return ("name", "expires_at", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a key that others rely on does not change under them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a revoked key stays, so that the audit log's words have a meaning."""
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who were given the permission for it."""
        return request.user.has_perm("access.revoke_apikey")

    @display(
        description=_("State"),
        label={"active": "success", "expired": "warning", "revoked": "danger"},
    )
    def shown_state(self, key: ApiKey) -> tuple[str, str]:
        """Return the state, for a badge."""
        words = {"active": _("active"), "expired": _("expired"), "revoked": _("revoked")}
        return key.state(), str(words[key.state()])

    @display(description=_("Scopes"))
    def scope_names(self, key: ApiKey) -> str:
        """Return the scopes in one line."""
        return gettext("all") if set(key.scopes) == set(scopes.ALL) else ", ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        """Make the key. It travels on the request to `response_add` and is written nowhere."""
        request.issued_key = keys.issue(obj, actor=Actor.from_request(request))  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in the answer itself: a redirect would have to keep it somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("API key %(name)s") % {"name": obj.name},
            "record": obj,
            "key": request.issued_key,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/access/apikey/issued.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    @action(
        description=_("Revoke"),
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["revoke"],
        dialog={
            "title": _("Revoke this API key"),
            "description": _("Requests with it are refused from now on. This cannot be undone."),
            "form_class": RevokeForm,
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: RevokeForm, object_id: str) -> HttpResponse:
        """Revoke the key for the reason given."""
        record = get_object_or_404(ApiKey, pk=object_id)
        reason = form.cleaned_data["reason"]
        if keys.revoke(record=record, actor=Actor.from_request(request), reason=reason):
            self.message_user(request, gettext("%(key)s is revoked.") % {"key": record})
        else:
            self.message_user(
                request, gettext("%(key)s had been revoked before.") % {"key": record}
            )
        # The dialog is an htmx request; a plain redirect would be drawn inside of it.
        return HttpResponse(
            headers={"HX-Redirect": reverse("admin:access_apikey_change", args=[object_id])}
        )


PAGES = {
    "notification": "notifications_notification",
    "bulk_operation": "notifications_bulkoperation",
    "order": "orders_order",
    "api_key": "access_apikey",
    "suppression": "notifications_suppression",
    "user": "auth_user",
}
"""The admin's pages of what audit entries are about, by target type."""


ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@admin.register(AuditEntry)
class AuditEntryAdmin(KeysetAdmin, ReadOnlyAdmin):
    """Shows who did what, to what, why and when."""

    when_empty = _("Who did what to mails, templates, keys and addresses, and why, is noted here.")
    keyset = ("-at", "-pk")
    list_display = ("at", "actor", "done", "target", "reason")
    list_filter = ("actor_kind", ("at", RangeDateTimeFilter))
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ("actor_label", "action", "target_id")
    search_help_text = _(
        "Who it was, an action such as api_key.create, or the id of what was acted upon"
    )
    fields = ("at", "actor", "done", "target", "reason", "data")
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Find by target, by who acted or by action: whole words, which indexes answer."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if ACTION.fullmatch(term):
            return queryset.filter(action=term), False
        if term.isdigit() or ID.fullmatch(term):
            return queryset.filter(target_type__in=sorted(PAGES), target_id=term), False
        return queryset.filter(actor_label=term), False

    @display(description=_("Who"), header=True)
    def actor(self, entry: AuditEntry) -> tuple[str, str]:
        """Return who acted, and of which kind they are."""
        kinds = {"user": _("person"), "api_key": _("API key"), "system": _("Postroom itself")}
        return entry.actor_label, str(kinds.get(entry.actor_kind, entry.actor_kind))

    @display(description=_("What"), label="info")
    def done(self, entry: AuditEntry) -> str:
        """Return the action, for a badge."""
        return entry.action

    @display(description=_("To what"))
    def target(self, entry: AuditEntry) -> SafeString:
        """Return a link to what was acted upon, where it has a page."""
        named = entry.data.get("number") or entry.data.get("name") or entry.target_id
        shown = f"{entry.target_type} {named}"
        page = PAGES.get(entry.target_type)
        if page is None:
            return format_html("{}", shown)
        try:
            url = reverse(f"admin:{page}_change", args=[entry.target_id])
        except NoReverseMatch:  # many at once, or an id of another shape
            return format_html("{}", shown)
        return format_html('<a class="underline text-link" href="{}">{}</a>', url, shown)
