"""The states of a notification and the moves between them.

    queued ──► sending ──► sent ──► delivered
      ▲ ▲        │ │ │       │          │
      │ │        │ │ │       └──► bounced, complained
      │ └────────┘ │ │
      │            │ └──► retrying ──► sending
      │            └────► unknown, failed, suppressed
      └── failed, suppressed, unknown   (a person redrives or resolves)

`TRANSITIONS` is the only place that says which move is legal. Nobody assigns `.status`: rows move
through `NotificationQuerySet.move`, whose predicate is made from this table.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a notification stands; the database holds nothing else (a check constraint)."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    RETRYING = "retrying", _("Retrying")
    UNKNOWN = "unknown", _("Unknown")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Complained")
    FAILED = "failed", _("Failed")
    SUPPRESSED = "suppressed", _("Suppressed")
    CANCELLED = "cancelled", _("Cancelled")


TRANSITIONS: dict[Status, frozenset[Status]] = {
    # claimed; a person; the suppression list; expired, or its template cannot be rendered;
    # UNKNOWN: open in a backup that was restored
    Status.QUEUED: frozenset(
        {Status.SENDING, Status.CANCELLED, Status.SUPPRESSED, Status.FAILED, Status.UNKNOWN}
    ),
    # recorded by the holder, or by the relay when the claim expired; QUEUED: released unused
    Status.SENDING: frozenset(
        {
            Status.SENT,
            Status.RETRYING,
            Status.FAILED,
            Status.UNKNOWN,
            Status.SUPPRESSED,
            Status.QUEUED,
        }
    ),
    # claimed again; a person; the suppression list; expired while waiting; UNKNOWN: as above
    Status.RETRYING: frozenset(
        {Status.SENDING, Status.CANCELLED, Status.SUPPRESSED, Status.FAILED, Status.UNKNOWN}
    ),
    # a person says that it arrived, that it did not (QUEUED), or gives up; or it expires
    Status.UNKNOWN: frozenset({Status.SENT, Status.FAILED, Status.CANCELLED, Status.QUEUED}),
    # the provider reports; FAILED: rejected after acceptance
    Status.SENT: frozenset({Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED, Status.FAILED}),
    Status.DELIVERED: frozenset({Status.BOUNCED, Status.COMPLAINED}),
    Status.BOUNCED: frozenset(),
    Status.COMPLAINED: frozenset(),
    # a person redrives it, with a new budget
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.SUPPRESSED: frozenset({Status.QUEUED}),
    Status.CANCELLED: frozenset(),
}

REPORTED_SOURCES = frozenset(
    {
        Status.SENDING,
        Status.RETRYING,
        Status.QUEUED,
        Status.UNKNOWN,
        Status.FAILED,
        Status.CANCELLED,
    }
)
"""States that a verified provider event also overrules: the provider knows better than we do."""
REPORTED = frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED})
"""States that a provider's event may report."""

CLAIMABLE = frozenset({Status.QUEUED, Status.RETRYING})
"""Waiting for a worker; these rows have a `relay_at`."""
OPEN = CLAIMABLE | {Status.SENDING}
"""The platform still owes this mail and will go on by itself."""
CANCELLABLE = frozenset(
    status for status, targets in TRANSITIONS.items() if Status.CANCELLED in targets
)
REDRIVABLE = frozenset({Status.FAILED, Status.SUPPRESSED})
NEEDS_ATTENTION = frozenset({Status.FAILED, Status.UNKNOWN})
"""Nothing more happens until a person decides."""


class Action(TextChoices):
    """What a person may do to a notification."""

    RETRY = "retry", _("Retry now")
    REDRIVE = "redrive", _("Redrive")
    ARRIVED = "resolve_arrived", _("It arrived")
    NOT_ARRIVED = "resolve_not_arrived", _("It did not arrive")
    CANCEL = "cancel", _("Cancel")


ELIGIBLE: dict[Action, frozenset[Status]] = {
    Action.RETRY: CLAIMABLE,
    Action.REDRIVE: REDRIVABLE,
    Action.ARRIVED: frozenset({Status.UNKNOWN}),
    Action.NOT_ARRIVED: frozenset({Status.UNKNOWN}),
    Action.CANCEL: CANCELLABLE,
}
"""The states in which each action does something."""


class IllegalTransitionError(Exception):
    """A move that `TRANSITIONS` does not hold was asked for: a programming error."""


def sources(to: Status, *, reported: bool = False) -> frozenset[Status]:
    """Return the states from which a notification may move to `to`.

    Args:
        to: the state to reach.
        reported: a verified provider event says so, which also overrules `REPORTED_SOURCES`.
    """
    found = frozenset(status for status, targets in TRANSITIONS.items() if to in targets)
    if reported and to in REPORTED:
        found |= REPORTED_SOURCES
    return found
