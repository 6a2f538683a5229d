"""Suppressed addresses: a person may add and release them; nothing else changes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from access import audit
from access.actors import Actor
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


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):
    """Lists, adds and releases (deletes) suppressed addresses."""

    form = SuppressionForm
    list_display = ("address", "shown_reason", "provider", "note", "created_at")
    list_filter = ("reason", "provider")
    search_fields = ("address",)
    list_per_page = 50
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: an address is released and added anew, and the audit log keeps both."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Ask for little, show all."""
        shown = ("address", "reason", "provider", "note", "created_at")
        return ("address", "note") if obj is None else shown

    @display(
        description=_("Reason"),
        ordering="reason",
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
        obj.reason = SuppressionReason.MANUAL
        super().save_model(request, obj, form, change)
        _audit(request, "suppression.add", obj, reason=obj.note)

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        """Release one address, with an audit entry in the same transaction."""
        _audit(request, "suppression.release", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        """Release several addresses."""
        for suppression in queryset:
            self.delete_model(request, suppression)


def _audit(
    request: HttpRequest, action: str, suppression: Suppression, *, reason: str = ""
) -> None:
    # The id and not the address, which is personal data that the log would keep for ever.
    audit.record(
        actor=Actor.from_request(request),
        action=action,
        target_type="suppression",
        target_id=str(suppression.pk),
        reason=reason,
        data={"reason": suppression.reason},
    )
