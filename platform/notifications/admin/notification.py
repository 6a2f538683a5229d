"""Notifications in the admin: a list to search, a record to read, actions with a reason."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timeuntil
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import display
from unfold.sections import TableSection

from notifications import explanations
from notifications.admin.actions import (
    ARRIVED,
    CANCEL,
    NOT_ARRIVED,
    OFFERS,
    REDRIVE,
    RETRY,
    bulk_action,
    dialog_action,
    offers_for,
)
from notifications.admin.badges import OUTCOME_COLOURS, STATUS_COLOURS
from notifications.admin.read_only import ReadOnlyAdmin
from notifications.content import Content, ContentErased, content_of
from notifications.models import DeliveryAttempt, Notification
from templating.errors import RenderingError


class AttemptSection(TableSection):
    """A notification's attempts, expanding in its row of the list."""

    verbose_name = _("Delivery attempts")
    related_name = "attempts"
    fields = ("number", "started_at", "provider", "what_happened", "summary", "what_next")

    def what_happened(self, attempt: DeliveryAttempt) -> str:
        """Return outcome and phase."""
        return f"{attempt.get_outcome_display()} ({attempt.get_phase_display()})"

    what_happened.short_description = _("Outcome")  # type: ignore[attr-defined]  # Django's way

    def what_next(self, attempt: DeliveryAttempt) -> str:
        """Return the decision in words."""
        return explanations.decision(attempt)

    what_next.short_description = _("Decision")  # type: ignore[attr-defined]  # Django's way


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """The operator's main screen."""

    list_display = (
        "named",
        "recipient",
        "shown_status",
        "attempt_count",
        "next_attempt_at",
        "provider",
        "error_summary",
        "created_at",
    )
    list_filter = (
        "status",
        "event",
        "provider",
        "error_kind",
        "role",
        "locale",
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_sections = (AttemptSection,)
    search_fields = ("reference__istartswith", "recipient__istartswith")
    search_help_text = _("An order's number, an address, or a notification's id.")
    ordering = ("-created_at",)
    date_hierarchy = None

    actions = tuple(f"bulk_{offer.name}" for offer in OFFERS)
    actions_detail = tuple(offer.name for offer in OFFERS)
    retry = dialog_action(RETRY)
    redrive = dialog_action(REDRIVE)
    resolve_arrived = dialog_action(ARRIVED)
    resolve_not_arrived = dialog_action(NOT_ARRIVED)
    cancel = dialog_action(CANCEL)
    bulk_retry = bulk_action(RETRY)
    bulk_redrive = bulk_action(REDRIVE)
    bulk_resolve_arrived = bulk_action(ARRIVED)
    bulk_resolve_not_arrived = bulk_action(NOT_ARRIVED)
    bulk_cancel = bulk_action(CANCEL)

    # What an operator came for stands before the columns of the row.
    change_form_outer_before_template = "admin/notifications/notification/record.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("reference", "event", "role"),
                    ("recipient", "recipient_name", "locale"),
                    ("created_at", "sent_at", "finished_at"),
                    ("attempt_count", "ticket", "expires_at"),
                    ("provider", "template_version"),
                    "provider_message_id",
                    "message_id",
                    "id",
                    "idempotency_key",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Leave the contexts out: a page of them may be megabytes."""
        rows: QuerySet[Notification] = super().get_queryset(request)
        return rows.defer("context").prefetch_related("attempts")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        """Find by order and recipient, or by the id that logs and providers' metadata show."""
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            found: tuple[QuerySet[Notification], bool]
            found = super().get_search_results(request, queryset, search_term)
            return found

    # Methods, because unfold asks the database at start for permissions that are named as such.

    def has_retry_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may retry."""
        return request.user.has_perm("notifications.retry_notification")

    def has_redrive_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may redrive."""
        return request.user.has_perm("notifications.redrive_notification")

    def has_resolve_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may resolve unknown outcomes."""
        return request.user.has_perm("notifications.resolve_notification")

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may cancel."""
        return request.user.has_perm("notifications.cancel_notification")

    @display(description=_("Notification"), header=True, ordering="reference")
    def named(self, row: Notification) -> tuple[str, str]:
        """Return order and event, one below the other."""
        return row.reference or str(row.pk), row.event

    @display(description=_("Status"), label=STATUS_COLOURS, ordering="status")
    def shown_status(self, row: Notification) -> tuple[str, str]:
        """Return the status for a badge."""
        return row.status, row.get_status_display()

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Offer what can be done with this notification as it stands, to who may do it."""
        row = self.get_object(request, object_id)
        possible = {offer.label for offer in offers_for(row)} if row else set()
        allowed = super().get_actions_detail(request, object_id)
        return [one for one in allowed if one.description in possible]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the record with its outlook, its timeline and its mail."""
        row = self.get_object(request, object_id) if object_id else None
        told = _told_of(row) if row is not None else {}
        context = (extra_context or {}) | told
        page: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return page


def _told_of(row: Notification) -> dict[str, Any]:
    content, problem = _content_or_problem(row)
    outlook = explanations.outlook(row)
    return {
        "title": str(row),
        "row": row,
        "status_colour": STATUS_COLOURS[row.status],
        "outlook": outlook,
        "due": _due(outlook.at) if outlook.at else "",
        "timeline": [
            {
                "attempt": attempt,
                "colour": OUTCOME_COLOURS[attempt.outcome],
                "decision": explanations.decision(attempt),
                "milliseconds": round(attempt.duration.total_seconds() * 1000),
            }
            for attempt in row.attempts.all()
        ],
        "content": content,
        "content_problem": problem,
    }


def _due(at: datetime) -> str:
    left = at - timezone.now()
    if left <= timedelta():
        return str(_("now"))
    if left < timedelta(minutes=2):
        return str(_("in %(seconds)d s") % {"seconds": left.total_seconds()})
    return str(_("in %(time)s") % {"time": timeuntil(at)})


def _content_or_problem(row: Notification) -> tuple[Content | None, str]:
    try:
        return content_of(row), ""
    except ContentErased:
        return None, str(_("The content was erased when its retention period ended."))
    except RenderingError as error:
        return None, str(error)
