"""Bulk operations: the dry run's page, its confirmation, and the progress of what was confirmed."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from access.actors import Actor
from notifications import bulk
from notifications.admin.actions import OFFERS, ReasonForm
from notifications.admin.lists import RecordListAdmin
from notifications.admin.pace import pace_of
from notifications.admin.record import digest_of
from notifications.models import BulkOperation
from notifications.states import Action, Status

PROGRESS = "admin/notifications/bulkoperation/progress.html"
STATES = {
    "planned": ("warning", _("Not confirmed")),
    "running": ("info", _("Running")),
    "stopped": ("default", _("Stopped")),
    "done": ("success", _("Done")),
}


def state_of(operation: BulkOperation) -> str:
    """Return where an operation stands: a key of `STATES`."""
    if operation.stopped_at is not None:
        return "stopped"
    if operation.is_planned:
        return "planned"
    return "running" if operation.is_running else "done"


def progress_fragment(operation: BulkOperation) -> str:
    """Return the part of the page that changes by itself, as HTML."""
    state = state_of(operation)
    colour, label = STATES[state]
    context = {
        "operation": operation,
        "state": state,
        "colour": colour,
        "label": label,
        "progress": bulk.progress_of(operation),
        "every": 1_000 if state == "running" else 10_000,
    }
    html = render_to_string(PROGRESS, context)
    return html.replace("@@digest@@", digest_of(html))


@admin.register(BulkOperation)
class BulkOperationAdmin(RecordListAdmin):
    """What was done to many notifications: planned, running and past."""

    when_empty = _(
        "One begins in the list of notifications: select some, choose an action, confirm its "
        "dry run."
    )
    list_display = (
        "shown_action",
        "shown_state",
        "selection",
        "total",
        "actor_label",
        "reason",
        "created_at",
    )
    change_form_template = "admin/notifications/bulkoperation/operation.html"
    fieldsets = ((None, {"fields": ("action",)}),)

    class Media:
        css = {"all": ["notifications/operations.css"]}
        js = ["notifications/operations.js"]

    @display(description=_("Action"))
    def shown_action(self, operation: BulkOperation) -> str:
        """Return the action and the operation's number."""
        return str(operation)

    @display(description=_("State"), label={key: colour for key, (colour, _l) in STATES.items()})
    def shown_state(self, operation: BulkOperation) -> tuple[str, str]:
        """Return the state for a badge."""
        state = state_of(operation)
        return state, str(STATES[state][1])

    def may_act(self, request: HttpRequest, operation: BulkOperation) -> bool:
        """Whether this person may do to one notification what this does to many."""
        return request.user.has_perm(OFFERS[Action(operation.action)].full_permission)

    def get_urls(self) -> list[URLPattern]:
        """Add what starts and stops an operation, and the part that shows its progress."""
        wrap = self.admin_site.admin_view
        name = "notifications_bulkoperation"
        own = [
            path("<int:pk>/live/", wrap(self.live_view), name=f"{name}_live"),
            path("<int:pk>/start/", wrap(self.start_view), name=f"{name}_start"),
            path("<int:pk>/stop/", wrap(self.stop_view), name=f"{name}_stop"),
        ]
        return [*own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what it would do, or how far it is."""
        operation = self.get_object(request, object_id) if object_id else None
        told = self._told(request, operation) if operation is not None else {}
        page: HttpResponse = super().changeform_view(
            request, object_id, form_url, told | (extra_context or {})
        )
        return page

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm it: POST, with a reason."""
        operation = self._asked(request, pk)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self.changeform_view_with(request, operation, form)
        actor = Actor.from_request(request)
        if bulk.confirm(operation, actor=actor, reason=form.cleaned_data["reason"]):
            self.message_user(request, gettext("Started."))
        else:
            words = gettext("Nothing was done: somebody started it before.")
            self.message_user(request, words, level=messages.WARNING)
        return _to(operation)

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop it, or throw the plan away: POST."""
        operation = self._asked(request, pk)
        was_planned = operation.is_planned
        stopped = bulk.stop(operation, actor=Actor.from_request(request), reason="")
        if stopped and was_planned:
            self.message_user(request, gettext("Nothing was done."))
            return HttpResponseRedirect(reverse("admin:notifications_notification_changelist"))
        words = gettext("Stopped.") if stopped else gettext("Nothing was done: it has ended.")
        self.message_user(request, words)
        return _to(operation)

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the progress, or 204 while it is what the page has seen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        html = progress_fragment(self._found(pk))
        if f'data-digest="{request.GET.get("seen", "-")}"' in html:
            return HttpResponse(status=204)
        return HttpResponse(html)

    def changeform_view_with(
        self, request: HttpRequest, operation: BulkOperation, form: ReasonForm
    ) -> HttpResponse:
        """Show the dry run again, with what is wrong in its form."""
        request.method = "GET"  # nothing is saved: the page is only shown
        return self.changeform_view(request, str(operation.pk), "", {"reason_form": form})

    def _asked(self, request: HttpRequest, pk: int) -> BulkOperation:
        operation = self._found(pk)
        if request.method != "POST" or not self.may_act(request, operation):
            raise PermissionDenied
        return operation

    def _found(self, pk: int) -> BulkOperation:
        operation = BulkOperation.objects.filter(pk=pk).first()
        if operation is None:
            raise Http404
        return operation

    def _told(self, request: HttpRequest, operation: BulkOperation) -> dict[str, Any]:
        action = Action(operation.action)
        sends = action in bulk.SENDING
        planned = operation.is_planned
        found = bulk.dry_run_of(operation)
        return {
            "title": str(operation),
            "operation": operation,
            "offer": OFFERS[action],
            "dry_run": found,
            "passed_over": [
                (Status(status).label, number) for status, number in found.passed_over.items()
            ],
            "passed_over_count": sum(found.passed_over.values()),
            "sends": sends,
            "pace": pace_of(found.eligible, now=timezone.now()) if sends and planned else None,
            "may_act": self.may_act(request, operation),
            "reason_form": ReasonForm(),
            "largest": bulk.LARGEST,
            "live": progress_fragment(operation),
        }


def _to(operation: BulkOperation) -> HttpResponseRedirect:
    return HttpResponseRedirect(
        reverse("admin:notifications_bulkoperation_change", args=[operation.pk])
    )
