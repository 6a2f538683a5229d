"""Settles what killed workers left behind, from their journals.

claimed or refused   given back unharmed: no provider has it, no attempt is burnt
begun                in doubt: an attempt whose outcome is unknown
accepted             recorded as sent, as its worker would have done
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from notifications import claims, journal, retries
from notifications.journal import Entry, Note
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from notifications.recording import record
from notifications.settlements import Acceptance, Settlement, after_acceptance, after_failure
from notifications.states import CLAIMABLE, Status

log = structlog.get_logger()


def replay_journals() -> int:
    """Settle the journals of this host whose owners have died; return how many mails they held."""
    settled = 0
    for path in journal.folder().glob(f"*{journal.SUFFIX}"):
        with journal.orphaned(path) as entries:
            if entries:
                settle(entries)
                settled += len(entries)
    if settled:
        log.info("journals_replayed", notifications=settled)
    return settled


def settle(entries: Sequence[Entry]) -> None:
    """Bring the notifications of a journal to where its notes say that they are."""
    now = timezone.now()
    rows = {
        row.pk: row
        for row in Notification.objects.filter(
            pk__in=[entry.ticketed.id for entry in entries],
            status__in=[Status.SENDING, *CLAIMABLE],
        )
    }
    held = [
        (entry, rows[entry.ticketed.id])
        for entry in entries
        if entry.ticketed.id in rows and rows[entry.ticketed.id].ticket == entry.ticketed.ticket
    ]
    untouched = [row for entry, row in held if entry.note in {Note.CLAIMED, Note.REFUSED}]
    claims.release([row for row in untouched if row.status == Status.SENDING], at=now)
    settlements = [_accepted(entry, row) for entry, row in held if entry.note == Note.ACCEPTED]
    settlements += [
        lost(row, now=now, provider=entry.details.get("provider", ""))
        for entry, row in held
        if entry.note == Note.BEGUN and row.status == Status.SENDING
    ]
    record(settlements)


def _accepted(entry: Entry, row: Notification) -> Settlement:
    acceptance = Acceptance.from_json(entry.details["acceptance"])
    return after_acceptance(row, acceptance, attempts=[acceptance.attempt(row)])


def lost(row: Notification, *, now: datetime, provider: str = "") -> Settlement:
    """Return the settlement of a claim whose worker stopped without a word.

    Nobody knows how far it came, so it counts as an attempt whose outcome is unknown.
    """
    started_at = (row.claim_expires_at or now) - settings.CLAIM_DURATION
    attempt = DeliveryAttempt(
        notification=row,
        ticket=row.ticket,
        number=row.attempt_count + 1,
        provider=provider,
        phase=Phase.HANDOVER,
        outcome=AttemptOutcome.LOST,
        error_code=AttemptOutcome.LOST.value,
        summary="The worker stopped before it could say what became of this attempt.",
        started_at=started_at,
        duration=max(now - started_at, timedelta()),
    )
    failure = retries.Failure(outcome=AttemptOutcome.LOST, code=AttemptOutcome.LOST.value)
    settlement = after_failure(row, failure, attempts=[attempt], now=now)
    if (at := settlement.changes.get("next_attempt_at")) is not None:
        settlement.changes["relay_at"] = at
    return settlement
