"""The actions that notifications offer in the admin: one table, a dialog for one, a page for many.

None acts without POST, a reason and the action's own permission. What may be done is decided by
`notifications.operations`; here is only what a person is told before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from access.actors import Actor
from notifications import operations
from notifications.admin.read_only import ReadOnlyAdmin
from notifications.models import Notification
from notifications.states import CANCELLABLE, CLAIMABLE, REDRIVABLE, Status

AT_ONCE = 500
"""Ids that one operation gets: each is a transaction, and short ones let workers in between."""
CONFIRMATION = "admin/notifications/notification/confirm_action.html"


class Operation(Protocol):
    """One of `notifications.operations`."""

    def __call__(self, ids: Sequence[UUID], *, actor: Actor, reason: str) -> list[UUID]: ...


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One action as the admin offers it."""

    name: str
    label: str | Promise
    explanation: str | Promise
    permission: str
    states: frozenset[Status]
    run: Operation
    icon: str
    variant: ActionVariant = field(default=ActionVariant.DEFAULT)


RETRY = Offer(
    name="retry",
    label=_("Retry now"),
    explanation=_("Tries it now instead of at its next attempt."),
    permission="retry",
    states=CLAIMABLE,
    run=operations.retry,
    icon="replay",
    variant=ActionVariant.PRIMARY,
)
REDRIVE = Offer(
    name="redrive",
    label=_("Redrive"),
    explanation=_("Queues it again with a new budget of attempts and a new lifetime."),
    permission="redrive",
    states=REDRIVABLE,
    run=operations.redrive,
    icon="restart_alt",
    variant=ActionVariant.PRIMARY,
)
ARRIVED = Offer(
    name="resolve_arrived",
    label=_("It arrived"),
    explanation=_("Records that the mail arrived although its outcome was unknown. Sends nothing."),
    permission="resolve",
    states=frozenset({Status.UNKNOWN}),
    run=partial(operations.resolve, arrived=True),
    icon="mark_email_read",
    variant=ActionVariant.SUCCESS,
)
NOT_ARRIVED = Offer(
    name="resolve_not_arrived",
    label=_("It did not arrive"),
    explanation=_("Sends it again. If it did arrive after all, the recipient gets it twice."),
    permission="resolve",
    states=frozenset({Status.UNKNOWN}),
    run=partial(operations.resolve, arrived=False),
    icon="forward_to_inbox",
    variant=ActionVariant.WARNING,
)
CANCEL = Offer(
    name="cancel",
    label=_("Cancel"),
    explanation=_("Gives up on it for good. What is being sent now cannot be called back."),
    permission="cancel",
    states=CANCELLABLE,
    run=operations.cancel,
    icon="cancel",
    variant=ActionVariant.DANGER,
)
OFFERS = (RETRY, REDRIVE, ARRIVED, NOT_ARRIVED, CANCEL)


def _reason_field() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The audit log keeps it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class ReasonDialog(BaseDialogForm):
    """Why somebody acts on one notification."""

    reason = _reason_field()


class ReasonForm(forms.Form):
    """Why somebody acts on many notifications."""

    reason = _reason_field()


def offers_for(row: Notification) -> list[Offer]:
    """Return what can be done with a notification as it stands."""
    return [offer for offer in OFFERS if row.status in offer.states]


def dialog_action(offer: Offer) -> Callable[..., HttpResponse]:
    """Return the detail page's action: a dialog that asks for the reason, then acts."""

    def act(admin: ReadOnlyAdmin, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        done = offer.run(
            [UUID(object_id)],
            actor=Actor.from_request(request),
            reason=form.cleaned_data["reason"],
        )
        if done:
            admin.message_user(request, gettext("%(action)s: done.") % {"action": offer.label})
        else:
            words = gettext("Nothing was done: the notification has moved on meanwhile.")
            admin.message_user(request, words, level=messages.WARNING)
        # The dialog is an htmx request; a plain redirect would be drawn inside of it.
        detail = reverse("admin:notifications_notification_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": detail})

    act.__name__ = offer.name  # unfold finds actions by it
    decorated: Callable[..., HttpResponse] = unfold_action(
        act,
        description=offer.label,
        permissions=[offer.permission],
        icon=offer.icon,
        variant=offer.variant,
        dialog={
            "title": offer.label,
            "description": offer.explanation,
            "form_class": ReasonDialog,
            "form_submit_text": offer.label,
        },
    )
    return decorated


def bulk_action(offer: Offer) -> Callable[..., HttpResponse | None]:
    """Return the list's action: a page that says what would happen, asks why, then acts."""

    def act(
        admin: ReadOnlyAdmin, request: HttpRequest, queryset: QuerySet[Notification]
    ) -> HttpResponse | None:
        confirmed = "confirmed" in request.POST
        form = ReasonForm(request.POST if confirmed else None)
        if not (confirmed and form.is_valid()):
            return _confirmation(admin, request, queryset, offer=offer, form=form)
        ids = list(queryset.filter(status__in=offer.states).values_list("pk", flat=True))
        actor, reason = Actor.from_request(request), form.cleaned_data["reason"]
        done = sum(
            len(offer.run(ids[start : start + AT_ONCE], actor=actor, reason=reason))
            for start in range(0, len(ids), AT_ONCE)
        )
        words = ngettext(
            "%(action)s: %(n)d notification.", "%(action)s: %(n)d notifications.", done
        )
        admin.message_user(request, words % {"action": offer.label, "n": done})
        return None

    act.__name__ = f"bulk_{offer.name}"
    decorated: Callable[..., HttpResponse | None] = unfold_action(
        act, description=offer.label, permissions=[offer.permission]
    )
    return decorated


def _confirmation(
    admin: ReadOnlyAdmin,
    request: HttpRequest,
    queryset: QuerySet[Notification],
    *,
    offer: Offer,
    form: ReasonForm,
) -> TemplateResponse:
    counted = queryset.order_by().values_list("status").annotate(count=Count("pk"))
    counts = {Status(status): count for status, count in counted}
    context = {
        **admin.admin_site.each_context(request),
        "title": offer.label,
        "opts": admin.model._meta,
        "offer": offer,
        "form": form,
        "eligible": sum(count for status, count in counts.items() if status in offer.states),
        "passed_over": [
            (status.label, count) for status, count in counts.items() if status not in offer.states
        ],
        "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
        "action_name": f"bulk_{offer.name}",
        "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, CONFIRMATION, context)
