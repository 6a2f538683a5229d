"""The colours of states and outcomes, once for lists, details and timelines."""

from notifications.models import AttemptOutcome
from notifications.states import Status

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
