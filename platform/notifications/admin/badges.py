"""Colours of states and outcomes, once for lists and timelines; the count in the sidebar."""

from django.http import HttpRequest

from notifications.models import AttemptOutcome
from notifications.states import NEEDS_ATTENTION, Status

STATUS_COLOURS: dict[str, str] = {
    Status.QUEUED: "info",
    Status.SENDING: "info",
    Status.RETRYING: "warning",
    Status.UNKNOWN: "danger",
    Status.SENT: "success",
    Status.DELIVERED: "success",
    Status.BOUNCED: "danger",
    Status.COMPLAINED: "danger",
    Status.FAILED: "danger",
    Status.SUPPRESSED: "default",
    Status.CANCELLED: "default",
}
OUTCOME_COLOURS: dict[str, str] = {
    AttemptOutcome.ACCEPTED: "success",
    AttemptOutcome.TRANSIENT: "warning",
    AttemptOutcome.PERMANENT: "danger",
    AttemptOutcome.CONFIGURATION: "danger",
    AttemptOutcome.RENDERING: "danger",
    AttemptOutcome.UNKNOWN: "warning",
    AttemptOutcome.LOST: "warning",
}
REPORT_COLOURS: dict[str, str] = {
    "delivered": "success",
    "bounced": "danger",
    "rejected": "danger",
    "complained": "danger",
    "deferred": "warning",
}


def attention_badge(request: HttpRequest) -> str:  # noqa: ARG001  what unfold calls it with
    """Return how many notifications wait for a person, for the sidebar; "" if none does."""
    # Imported here: settings name this function, and the sidebar must not need the lists' admin.
    from access.keyset import count
    from notifications.models import Notification

    waiting = Notification.objects.filter(status__in=sorted(NEEDS_ATTENTION))
    found = count(waiting.order_by("-created_at"))
    return str(found) if found else ""
