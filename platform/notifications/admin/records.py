"""What the platform and the providers wrote down: attempts, events, counts, signs of life."""

from datetime import timedelta

from django.contrib import admin
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from notifications.admin.badges import OUTCOME_COLOURS
from notifications.admin.read_only import ReadOnlyAdmin
from notifications.models import DeliveryAttempt, DeliveryRollup, Heartbeat, ProviderEvent


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    """Every try, newest first."""

    list_display = (
        "started_at",
        "notification",
        "number",
        "provider",
        "shown_outcome",
        "phase",
        "summary",
        "shown_duration",
        "next_step",
        "next_attempt_at",
    )
    list_filter = ("outcome", "provider", "phase", "next_step")
    list_select_related = ("notification",)
    search_fields = ("notification__reference__istartswith", "provider_message_id__exact")
    search_help_text = _("An order's number, or a provider's message id.")
    ordering = ("-id",)

    @display(description=_("Outcome"), label=OUTCOME_COLOURS, ordering="outcome")
    def shown_outcome(self, attempt: DeliveryAttempt) -> tuple[str, str]:
        """Return the outcome for a badge."""
        return attempt.outcome, attempt.get_outcome_display()

    @display(description=_("Took"))
    def shown_duration(self, attempt: DeliveryAttempt) -> str:
        """Return how long it took."""
        return f"{attempt.duration // timedelta(milliseconds=1):,} ms"


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    """What providers reported, newest first."""

    list_display = (
        "received_at",
        "provider",
        "event_type",
        "notification",
        "occurred_at",
        "processed_at",
    )
    list_filter = ("provider", "event_type", ("processed_at", admin.EmptyFieldListFilter))
    list_select_related = ("notification",)
    search_fields = ("notification__reference__istartswith", "provider_message_id__exact")
    search_help_text = _("An order's number, or a provider's message id.")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """Which worker and beat processes live."""

    list_display = ("component", "instance", "seen_at", "silent_for")
    list_filter = ("component",)
    ordering = ("component", "instance")

    @display(description=_("Last seen"))
    def silent_for(self, heartbeat: Heartbeat) -> str:
        """Return how long ago that was."""
        return _("%(time)s ago") % {"time": timesince(heartbeat.seen_at)}


@admin.register(DeliveryRollup)
class DeliveryRollupAdmin(ReadOnlyAdmin):
    """Counts by the minute."""

    list_display = ("minute", "provider", "event", "outcome", "count", "average")
    list_filter = ("provider", "event", "outcome")
    ordering = ("-minute",)

    @display(description=_("Average time"))
    def average(self, rollup: DeliveryRollup) -> str:
        """Return the mean duration of what was counted."""
        mean = rollup.duration / rollup.count if rollup.count else timedelta()
        return f"{mean.total_seconds():,.2f} s"
