"""What a person should know before acting on a notification: a second copy, a listed address."""

from django.utils.translation import gettext as _

from notifications.bulk import SENDING
from notifications.models import AttemptOutcome, Notification, Suppression
from notifications.retries import DeadLetterReason
from notifications.states import Action, Status
from notifications.suppressions import normalise

IN_DOUBT = frozenset({AttemptOutcome.UNKNOWN, AttemptOutcome.LOST})


def may_have_arrived(row: Notification) -> bool:
    """Whether a provider may have delivered it although nobody recorded that."""
    return any(attempt.outcome in IN_DOUBT for attempt in row.attempts.all())


def is_suppressed(row: Notification) -> bool:
    """Whether the recipient is on the suppression list now."""
    return Suppression.objects.filter(address=normalise(row.recipient)).exists()


def warnings_for(row: Notification, *, action: Action) -> list[str]:
    """Return what to mind before `action`, as sentences."""
    if action == Action.CANCEL and row.status == Status.UNKNOWN:
        return [_("It may have arrived already; cancelling does not call it back.")]
    if action not in SENDING:
        return []
    found = []
    if may_have_arrived(row):
        found.append(
            _("A provider may have delivered it already: the recipient could get it twice.")
        )
    if is_suppressed(row):
        found.append(
            _("The address is on the suppression list: release it first, or nothing is sent.")
        )
    if row.error_code == DeadLetterReason.EXPIRED:
        found.append(_("It had expired: it comes late, if it is still worth sending at all."))
    return found
