"""The actions that notifications offer in the admin: a dialog for one, a dry run for many.

None acts without POST, a reason and the action's own permission. What may be done is decided by
`notifications.operations`; here is only what a person is told before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from access.actors import Actor
from access.read_only import ReadOnlyAdmin
from notifications import bulk, suppression_list
from notifications.admin.warnings import warnings_for
from notifications.models import Notification, Suppression
from notifications.operations import PERFORM
from notifications.states import ELIGIBLE, Action
from notifications.suppressions import normalise

LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One action as the admin offers it."""

    action: Action
    explanation: str | Promise
    permission: str
    icon: str
    variant: ActionVariant = field(default=ActionVariant.DEFAULT)

    @property
    def name(self) -> str:
        """The name of the dialog, its address and its method."""
        return self.action.value

    @property
    def label(self) -> str | Promise:
        """What stands on the button."""
        return self.action.label

    @property
    def full_permission(self) -> str:
        """The permission as Django names it."""
        return f"notifications.{self.permission}_notification"


OFFERS: dict[Action, Offer] = {
    offer.action: offer
    for offer in (
        Offer(
            action=Action.RETRY,
            explanation=_("Tries it now instead of at its next attempt."),
            permission="retry",
            icon="replay",
            variant=ActionVariant.PRIMARY,
        ),
        Offer(
            action=Action.REDRIVE,
            explanation=_("Queues it again with a new budget of attempts and a new lifetime."),
            permission="redrive",
            icon="restart_alt",
            variant=ActionVariant.PRIMARY,
        ),
        Offer(
            action=Action.ARRIVED,
            explanation=_(
                "Records that the mail arrived although its outcome was unknown. Sends nothing."
            ),
            permission="resolve",
            icon="mark_email_read",
            variant=ActionVariant.SUCCESS,
        ),
        Offer(
            action=Action.NOT_ARRIVED,
            explanation=_("Sends it again. If it did arrive after all, it arrives twice."),
            permission="resolve",
            icon="forward_to_inbox",
            variant=ActionVariant.WARNING,
        ),
        Offer(
            action=Action.CANCEL,
            explanation=_("Gives up on it for good. What is being sent now cannot be called back."),
            permission="cancel",
            icon="cancel",
            variant=ActionVariant.DANGER,
        ),
    )
}


def reason_field() -> forms.CharField:
    """Return the question that every action asks."""
    return forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("The audit log keeps it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class ReasonForm(forms.Form):
    """Why somebody acts on many notifications."""

    reason = reason_field()


class ReasonDialog(BaseDialogForm):
    """Why somebody acts on one notification, told what to mind before."""

    reason = reason_field()
    form_before_template = "admin/notifications/notification/warnings.html"
    action: Action | None = None

    def get_before_template_context(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> dict[str, Any]:
        """Tell what is special about this notification."""
        row = Notification.objects.filter(pk=identifier(object_id)).first()
        told = warnings_for(row, action=self.action) if row and self.action else []
        return {"warnings": told}


def offers_for(row: Notification, user: Any) -> list[Offer]:
    """Return what this person can do with a notification as it stands."""
    return [
        offer
        for offer in OFFERS.values()
        if row.status in ELIGIBLE[offer.action]
        and user.has_perm(offer.full_permission)
        and not (offer.action in bulk.REQUEUEING and row.erased_at)
    ]


def identifier(object_id: int | str | None) -> UUID:
    """Return the id that an address holds.

    Raises:
        Http404: it is none.
    """
    try:
        return UUID(str(object_id))
    except ValueError as error:
        raise Http404 from error


def back_to(object_id: str) -> HttpResponse:
    """Return the answer that ends a dialog: the page behind it is loaded anew."""
    # The dialog is an htmx request; a plain redirect would be drawn inside of it.
    detail = reverse("admin:notifications_notification_change", args=[object_id])
    return HttpResponse(headers={"HX-Redirect": detail})


def dialog_action(action: Action) -> Callable[..., HttpResponse]:
    """Return the detail page's action: a dialog that asks for the reason, then acts."""
    offer = OFFERS[action]

    def act(admin: ReadOnlyAdmin, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = PERFORM[action](
            [identifier(object_id)],
            actor=Actor.from_request(request),
            reason=form.cleaned_data["reason"],
        )
        if done:
            admin.message_user(request, gettext("%(action)s: done.") % {"action": offer.label})
        else:
            words = gettext("Nothing was done: the notification has moved on meanwhile.")
            admin.message_user(request, words, level=messages.WARNING)
        return back_to(object_id)

    return _as_dialog(
        act,
        name=offer.name,
        label=offer.label,
        explanation=offer.explanation,
        permission=offer.permission,
        form=type("Dialog", (ReasonDialog,), {"action": action}),
        icon=offer.icon,
        variant=offer.variant,
    )


def suppress_action() -> Callable[..., HttpResponse]:
    """Return the action that puts a notification's address on the suppression list."""

    def act(admin: ReadOnlyAdmin, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = get_object_or_404(Notification, pk=identifier(object_id))
        _entry, is_new = suppression_list.suppress(
            row.recipient, actor=Actor.from_request(request), note=form.cleaned_data["reason"]
        )
        if is_new:
            admin.message_user(request, gettext("The address is suppressed."))
        else:
            words = gettext("Nothing was done: the address is suppressed already.")
            admin.message_user(request, words, level=messages.WARNING)
        return back_to(object_id)

    return _as_dialog(
        act,
        name="suppress_address",
        label=_("Suppress address"),
        explanation=_("No mail at all is sent to this address any more, until it is released."),
        permission="suppress",
        form=ReasonDialog,
        icon="block",
        variant=ActionVariant.DEFAULT,
    )


def release_action() -> Callable[..., HttpResponse]:
    """Return the action that takes a notification's address off the suppression list."""

    def act(admin: ReadOnlyAdmin, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = get_object_or_404(Notification, pk=identifier(object_id))
        entry = Suppression.objects.filter(address=normalise(row.recipient)).first()
        reason = form.cleaned_data["reason"]
        actor = Actor.from_request(request)
        if entry is not None and suppression_list.release(entry, actor=actor, reason=reason):
            admin.message_user(request, gettext("The address is released."))
        else:
            words = gettext("Nothing was done: the address is not suppressed.")
            admin.message_user(request, words, level=messages.WARNING)
        return back_to(object_id)

    return _as_dialog(
        act,
        name="release_address",
        label=_("Release address"),
        explanation=_("Mail may be sent to it again. What was held back before is not sent alone."),
        permission="release",
        form=ReasonDialog,
        icon="lock_open",
        variant=ActionVariant.DEFAULT,
    )


def _as_dialog(
    act: Callable[..., HttpResponse],
    *,
    name: str,
    label: str | Promise,
    explanation: str | Promise,
    permission: str,
    form: type[ReasonDialog],
    icon: str,
    variant: ActionVariant,
) -> Callable[..., HttpResponse]:
    act.__name__ = name  # unfold finds actions by it
    decorated: Callable[..., HttpResponse] = unfold_action(
        act,
        description=label,
        permissions=[permission],
        icon=icon,
        variant=variant,
        dialog={
            "title": label,
            "description": explanation,
            "form_class": form,
            "form_submit_text": label,
        },
    )
    return decorated


def bulk_action(action: Action) -> Callable[..., HttpResponse]:
    """Return the list's action: it plans an operation, and leads to the page of its dry run."""
    offer = OFFERS[action]

    def act(
        _admin: ReadOnlyAdmin, request: HttpRequest, queryset: "QuerySet[Notification]"
    ) -> HttpResponse:
        operation = bulk.plan(
            queryset,
            action=action,
            actor=Actor.from_request(request),
            selection=_selection(request),
        )
        return HttpResponseRedirect(
            reverse("admin:notifications_bulkoperation_change", args=[operation.pk])
        )

    act.__name__ = f"bulk_{offer.name}"
    decorated: Callable[..., HttpResponse] = unfold_action(
        act, description=offer.label, permissions=[offer.permission]
    )
    return decorated


def _selection(request: HttpRequest) -> str:
    """Return in words what was chosen: by hand, or all that match the list's filter."""
    if request.POST.get("select_across", "0") != "1":
        chosen = len(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME))
        words = ngettext("%(n)d chosen by hand", "%(n)d chosen by hand", chosen)
        return words % {"n": chosen}
    filters = [f"{name}: {value}" for name, value in request.GET.items() if value]
    # The search term may be an address, which the operation's record would keep for ever.
    shown = [text for text in filters if not text.startswith("q:")]
    if len(shown) < len(filters):
        shown.append(gettext("a search"))
    if not shown:
        return gettext("all notifications")
    return gettext("all that match %(filter)s") % {"filter": ", ".join(shown)}
