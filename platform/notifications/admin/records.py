"""What the platform and the providers wrote down: attempts, events, counts, signs of life."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from access.masking import mask_data, mask_text
from access.read_only import ReadOnlyAdmin
from notifications import explanations
from notifications.admin.badges import OUTCOME_COLOURS, REPORT_COLOURS
from notifications.admin.filters import (
    OutcomeFilter,
    ProviderFilter,
    ReportFilter,
    UnmatchedFilter,
)
from notifications.admin.lists import RecordListAdmin
from notifications.models import (
    ByBytes,
    DeliveryAttempt,
    DeliveryRollup,
    Heartbeat,
    Notification,
    ProviderEvent,
)

AS_MANY = 60
"""Notifications whose records are searched; with many more their index would not be used."""


def of_notifications(rows: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
    """Return the records of notifications whose reference begins with `term`, or of a message."""
    # Ids first: joined, the database would walk through all records in search of a few orders.
    known = Notification.objects.values_list("pk", flat=True)
    begins = known.filter(reference__prefix=term).order_by(ByBytes("reference"), "-created_at")
    ids = list(begins[:AS_MANY]) or list(known.filter(provider_message_id=term))
    return rows.filter(notification_id__in=ids)


class OfNotificationAdmin(RecordListAdmin):
    """A list of records that belong to notifications."""

    class Media:
        css = {"all": ["notifications/operations.css"]}

    list_filter_submit = True
    search_fields = ("provider_message_id",)
    search_help_text = _("An order's number, or a provider's message id")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Find by order, or by the id that the provider gave."""
        term = search_term.strip()
        return (of_notifications(queryset, term) if term else queryset), False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Read the notifications beside it: joined, all that match would be before the first page.

        Their contexts are left out: a page of them may be megabytes.
        """
        rows: QuerySet[Any] = super().get_queryset(request)
        known = Notification.objects.defer("context")
        return rows.prefetch_related(Prefetch("notification", known))


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(OfNotificationAdmin):
    """Every try, newest first."""

    when_empty = _("Each try to hand a mail to a provider appears here.")
    list_display = (
        "started",
        "notification",
        "number",
        "provider",
        "shown_outcome",
        "what_happened",
        "shown_duration",
    )
    list_filter = (OutcomeFilter, ProviderFilter)

    def mask(self, row: DeliveryAttempt) -> None:
        """Hide addresses that a provider wrote into its answer."""
        row.summary, row.detail = mask_text(row.summary), mask_text(row.detail)

    @display(description=_("Outcome"), label=OUTCOME_COLOURS)
    def shown_outcome(self, attempt: DeliveryAttempt) -> tuple[str, str]:
        """Return the outcome for a badge."""
        return attempt.outcome, attempt.get_outcome_display()

    @display(description=_("Started"))
    def started(self, attempt: DeliveryAttempt) -> SafeString:
        """Return when it began, on one line."""
        at = timezone.localtime(attempt.started_at)
        return format_html('<span class="pr-nowrap">{}</span>', f"{at:%Y-%m-%d %H:%M:%S}")

    @display(description=_("What happened"))
    def what_happened(self, attempt: DeliveryAttempt) -> SafeString:
        """Return the provider's answer in our words, and what was decided then."""
        words = attempt.summary or attempt.get_phase_display()
        return format_html(
            '<span class="pr-words pr-break">{}<br>→ {}</span>',
            words,
            explanations.decision(attempt),
        )

    @display(description=_("Took"))
    def shown_duration(self, attempt: DeliveryAttempt) -> SafeString:
        """Return how long it took."""
        took = attempt.duration // timedelta(milliseconds=1)
        return format_html('<span class="pr-nowrap">{} ms</span>', f"{took:,}")


@admin.register(ProviderEvent)
class ProviderEventAdmin(OfNotificationAdmin):
    """What providers reported, newest first."""

    when_empty = _(
        "What providers report to their webhooks appears here: deliveries, bounces, complaints."
    )
    list_display = (
        "received_at",
        "provider",
        "shown_type",
        "notification",
        "occurred_at",
        "processed_at",
    )
    list_filter = (ReportFilter, ProviderFilter, UnmatchedFilter)

    def mask(self, row: ProviderEvent) -> None:
        """Hide addresses in what the provider sent."""
        row.payload = mask_data(row.payload, of_person=True)

    @display(description=_("Event"), label=REPORT_COLOURS)
    def shown_type(self, event: ProviderEvent) -> tuple[str, str]:
        """Return the kind of event for a badge."""
        return event.event_type, event.event_type


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """Which worker and beat processes live."""

    when_empty = _("Workers and beat sign here while they live.")
    list_display = ("component", "instance", "seen_at", "silent_for")
    list_filter = ("component",)
    ordering = ("component", "instance")

    @display(description=_("Last seen"))
    def silent_for(self, heartbeat: Heartbeat) -> str:
        """Return how long ago that was."""
        return _("%(time)s ago") % {"time": timesince(heartbeat.seen_at)}


@admin.register(DeliveryRollup)
class DeliveryRollupAdmin(RecordListAdmin):
    """Counts by the minute."""

    when_empty = _("What was tried and what ended is counted here by the minute.")
    keyset = ("-minute", "-pk")
    list_display = ("minute", "provider", "event", "outcome", "count", "average")

    @display(description=_("Average time"))
    def average(self, rollup: DeliveryRollup) -> str:
        """Return the mean duration of what was counted."""
        mean = rollup.duration / rollup.count if rollup.count else timedelta()
        return f"{mean.total_seconds():,.2f} s"
