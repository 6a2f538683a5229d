"""Says in plain words where a notification stands: why, and what happens next and when."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.models import DeliveryAttempt, NextStep, Notification
from notifications.retries import DeadLetterReason
from notifications.states import Status


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What comes next for one notification, and why.

    Attributes:
        next: what happens next, as a sentence.
        why: why it stands where it does, as a sentence; empty when there is nothing to explain.
        at: when it happens, where that is known.
    """

    next: str
    why: str
    at: datetime | None = None


def outlook(row: Notification) -> Outlook:
    """Return why a notification stands where it does, and what comes next."""
    at = None
    why = row.error_summary or row.error_code
    match row.status:
        case Status.QUEUED if (
            row.next_attempt_at is not None and row.next_attempt_at == row.send_at
        ):
            at = row.send_at
            coming = _("It is sent at the time that was asked for.")
        case Status.QUEUED:
            coming = _("A worker sends it as soon as a provider may take it.")
            why = why or _("No attempt has been made yet.")
        case Status.SENDING:
            at = row.claim_expires_at
            coming = _("A worker is handing it over now. If that worker is lost, it is taken back.")
        case Status.RETRYING:
            at = row.next_attempt_at
            coming = _("It is tried again; %(used)d of at most %(most)d attempts are used.") % {
                "used": row.attempts_in_budget,
                "most": settings.RETRY_MAX_ATTEMPTS,
            }
        case Status.UNKNOWN:
            coming = _("It waits for a person to say whether it arrived.")
            why = why or _("The provider may have taken it, and nobody knows.")
        case Status.FAILED:
            coming = _("It is not tried again unless a person redrives it.")
            why = _dead_letter(row)
        case Status.SUPPRESSED:
            coming = _("It is not sent unless the address is released and a person redrives it.")
            why = _("The address is on the suppression list.")
        case _:
            coming = _("Nothing more is to be done.")
            why = _ending(row)
    return Outlook(next=coming, why=why, at=at)


def _ending(row: Notification) -> str:
    words = {
        Status.SENT: _("%(provider)s accepted it; whether it was delivered is not reported yet."),
        Status.DELIVERED: _("%(provider)s reports that it was delivered."),
        Status.BOUNCED: _("%(provider)s reports that it bounced."),
        Status.COMPLAINED: _("%(provider)s reports that the recipient complained about it."),
        Status.CANCELLED: _("A person cancelled it."),
    }
    return words[Status(row.status)] % {"provider": row.provider or _("The provider")}


def _dead_letter(row: Notification) -> str:
    words = {
        DeadLetterReason.RETRIES_EXHAUSTED: _("All attempts are used up."),
        DeadLetterReason.EXPIRED: _("It was not delivered while it was worth sending."),
        DeadLetterReason.WORKER_LOST: _("Worker after worker was lost while sending it."),
        DeadLetterReason.UNRESOLVED: _("The provider may have taken it; nobody said in time."),
    }
    general = next((text for code, text in words.items() if code == row.error_code), "")
    return " ".join(part for part in (general, row.error_summary) if part) or row.error_code


def decision(attempt: DeliveryAttempt) -> str:
    """Return what was decided after an attempt, as a sentence."""
    words = {
        NextStep.DONE: _("Accepted; nothing more to do."),
        NextStep.FAIL_OVER: _("The next provider was tried: %(reason)s."),
        NextStep.RETRY: _("To be tried again."),
        NextStep.WAIT: _("To wait for a provider, without using up an attempt."),
        NextStep.HOLD: _("To be held until a person says whether it arrived."),
        NextStep.DEAD_LETTER: _("Given up (%(reason)s); a person may redrive it."),
    }
    return words[NextStep(attempt.next_step)] % {"reason": attempt.next_reason}
