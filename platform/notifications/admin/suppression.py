"""Suppressed addresses: a person may add and release them; nothing else changes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from access.actors import Actor
from access.keyset import KeysetAdmin
from access.masking import mask_address, may_see_addresses
from notifications import suppression_list
from notifications.admin.lists import MaskingChangeList
from notifications.models import Suppression, SuppressionReason
from notifications.suppressions import normalise


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a person says of an address that is not to be mailed."""

    class Meta:
        model = Suppression
        fields = ("address", "note")

    def clean_address(self) -> str:
        """Return the address in the form that it is compared in."""
        address = normalise(self.cleaned_data["address"])
        local, _at, domain = address.rpartition("@")
        if not local or not domain:
            raise ValidationError(_("This is no email address."))
        if Suppression.objects.filter(address=address).exists():
            raise ValidationError(_("This address is suppressed already."))
        return address


class ReleaseForm(BaseDialogForm):
    """Why an address may be mailed again."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The audit log keeps it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


@admin.register(Suppression)
class SuppressionAdmin(KeysetAdmin, ModelAdmin):
    """Lists, adds and releases suppressed addresses."""

    when_empty = _(
        "No address is held back. Hard bounces and complaints add theirs; people can, too."
    )
    keyset = ("-created_at", "-pk")
    form = SuppressionForm
    list_display = ("address", "shown_reason", "provider", "note", "created_at")
    list_filter = ("reason",)
    list_fullwidth = True
    search_fields = ("address",)
    search_help_text = _("The beginning of an address")
    actions_detail = ("release",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: an address is released and added anew, and the audit log keeps both."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: an address is released, which asks why."""
        return False

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may release addresses."""
        return request.user.has_perm("notifications.delete_suppression")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Ask for little, show all."""
        shown = ("address", "reason", "provider", "note", "created_at")
        return ("address", "note") if obj is None else shown

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MaskingChangeList]:
        """Return the class of the list."""
        return MaskingChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """Find by the beginning of an address; who may not see addresses needs the whole one."""
        term = normalise(search_term)
        if not term:
            return queryset, False
        whole = not may_see_addresses(request.user)
        return queryset.filter(Q(address=term) if whole else Q(address__prefix=term)), False

    def mask(self, row: Suppression) -> None:
        """Hide whose address it is."""
        row.address = mask_address(row.address)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: Any = None
    ) -> Suppression | None:
        """Return one entry, as this person may see it."""
        row: Suppression | None = super().get_object(request, object_id, from_field)
        if row is not None and not may_see_addresses(request.user):
            self.mask(row)
        return row

    @display(
        description=_("Reason"),
        label={
            SuppressionReason.HARD_BOUNCE: "warning",
            SuppressionReason.COMPLAINT: "danger",
            SuppressionReason.MANUAL: "info",
        },
    )
    def shown_reason(self, suppression: Suppression) -> tuple[str, str]:
        """Return the reason for a badge."""
        return suppression.reason, suppression.get_reason_display()

    def save_model(
        self,
        request: HttpRequest,
        obj: Suppression,
        form: Any,
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """Add the address, with an audit entry in the same transaction."""
        actor = Actor.from_request(request)
        entry, _is_new = suppression_list.suppress(obj.address, actor=actor, note=obj.note)
        obj.pk = entry.pk

    @action(
        description=_("Release"),
        icon="lock_open",
        variant=ActionVariant.WARNING,
        permissions=["release"],
        dialog={
            "title": _("Release this address"),
            "description": _(
                "It may be mailed again from now on. Mail that was held back stays where it is,"
                " until somebody redrives it."
            ),
            "form_class": ReleaseForm,
            "form_submit_text": _("Release"),
        },
    )
    def release(self, request: HttpRequest, form: ReleaseForm, object_id: str) -> HttpResponse:
        """Release the address for the reason given."""
        entry = Suppression.objects.filter(pk=object_id).first()
        reason = form.cleaned_data["reason"]
        actor = Actor.from_request(request)
        if entry is not None and suppression_list.release(entry, actor=actor, reason=reason):
            self.message_user(request, gettext("The address is released."))
        else:
            self.message_user(request, gettext("The address had been released before."))
        # The dialog is an htmx request; a plain redirect would be drawn inside of it.
        changelist = reverse("admin:notifications_suppression_changelist")
        return HttpResponse(headers={"HX-Redirect": changelist})
