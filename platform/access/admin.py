"""API keys and the audit log in the admin. Neither can be edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from access import keys, scopes
from access.actors import Actor
from access.models import ApiKey, AuditEntry


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a person decides about a new key."""

    scopes = forms.MultipleChoiceField(
        choices=[
            (scope.value, f"{scope.value}: {scopes.DESCRIPTIONS[scope]}") for scope in scopes.ALL
        ],
        initial=list(scopes.ALL),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Take away what the client does not need.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")


class RevokeForm(BaseDialogForm):
    """Why the key is revoked; the audit log keeps it."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Lists keys, makes one (showing it once), revokes one (asking why)."""

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
        description="State", label={"active": "success", "expired": "warning", "revoked": "danger"}
    )
    def shown_state(self, key: ApiKey) -> str:
        """Return the state, for a badge."""
        return key.state()

    @display(description="Scopes")
    def scope_names(self, key: ApiKey) -> str:
        """Return the scopes in one line."""
        return "all" if set(key.scopes) == set(scopes.ALL) else ", ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        """Make the key. It travels on the request to `response_add` and is written nowhere."""
        request.issued_key = keys.issue(obj, actor=Actor.from_request(request))  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in the answer itself: a redirect would have to keep it somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"API key {obj.name}",
            "record": obj,
            "key": request.issued_key,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/access/apikey/issued.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    @action(
        description="Revoke",
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["revoke"],
        dialog={
            "title": "Revoke this API key",
            "description": "Requests with it are refused from now on. This cannot be undone.",
            "form_class": RevokeForm,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: RevokeForm, object_id: str) -> HttpResponse:
        """Revoke the key for the reason given."""
        record = get_object_or_404(ApiKey, pk=object_id)
        reason = form.cleaned_data["reason"]
        if keys.revoke(record=record, actor=Actor.from_request(request), reason=reason):
            self.message_user(request, f"{record} is revoked.")
        else:
            self.message_user(request, f"{record} had been revoked before.")
        # The dialog is an htmx request; a plain redirect would be drawn inside of it.
        return HttpResponse(
            headers={"HX-Redirect": reverse("admin:access_apikey_change", args=[object_id])}
        )


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    """Shows who did what, to what, why and when."""

    list_display = ("at", "actor_label", "action", "target_type", "target_id", "reason")
    list_filter = ("action", "actor_kind", "target_type")
    search_fields = ("actor_label", "target_id", "reason")
    date_hierarchy = "at"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: entries come from the actions themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
