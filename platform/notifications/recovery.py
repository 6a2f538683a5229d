"""Settles what killed workers left behind, from their journals.

claiming, if it came to that, claimed or refused:
                     given back unharmed: no provider has it, no attempt is burnt
begun                in doubt: an attempt whose outcome is unknown, `lost` with its worker
doubted              in doubt as its worker found out: the attempt that it would have recorded
accepted             recorded as sent, as its worker would have done
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from notifications import claims, journal, retries
from notifications.journal import Entry, Note
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from notifications.recording import record
from notifications.settlements import (
    Acceptance,
    Settlement,
    after_acceptance,
    after_failure,
    doubt_from_json,
)
from notifications.states import Status
from notifications.tickets import Ticketed

log = structlog.get_logger()

UNTOUCHED = frozenset({Note.CLAIMED, Note.REFUSED})
"""What a claim's last note says of a mail that no provider has."""


def replay_journals() -> int:
    """Settle the journals of this host whose owners have died; return how many mails they held.

    Raises:
        OperationalError, InterfaceError: the database is away; the journals stay.
    """
    settled = 0
    for path in journal.folder().glob(f"*{journal.SUFFIX}"):
        try:
            settled += _replay(path)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # One journal (of another version, of another user) must not stop the relay for good;
            # its claims expire, and it is kept for a person to read.
            log.exception("journal_rejected", path=str(path), error_class=type(error).__name__)
            with suppress(OSError):
                path.rename(path.with_suffix(journal.REJECTED_SUFFIX))
    if settled:
        log.info("journals_replayed", notifications=settled)
    return settled


def _replay(path: Path) -> int:
    with journal.orphaned(path) as entries:
        if entries:
            settle(entries)
        return len(entries or ())


def settle(entries: Sequence[Entry]) -> None:
    """Bring the notifications of a journal to where its notes say that they are."""
    now = timezone.now()
    ids = [entry.ticketed.id for entry in entries]
    rows = Notification.objects.in_bulk(ids)
    held = [
        (entry, rows[entry.ticketed.id])
        for entry in entries
        if entry.ticketed.id in rows
        and rows[entry.ticketed.id].ticket == entry.ticketed.ticket
        and rows[entry.ticketed.id].status == Status.SENDING
    ]
    claims.release([row for entry, row in held if _untouched(entry, row)], at=now)
    settlements = [
        lost(row, now=now, provider=entry.details.get("provider", ""))
        for entry, row in held
        if entry.note == Note.BEGUN
    ]
    settlements += [
        _doubted(row, entry.details["attempt"], now=now)
        for entry, row in held
        if entry.note == Note.DOUBTED
    ]
    # A provider's word counts wherever the row is by now: `record` knows what may still move, and
    # a second acceptance is at least on record.
    accepted = [entry for entry in entries if entry.note == Note.ACCEPTED]
    record([*settlements, *_acceptances(accepted, rows)])


def _untouched(entry: Entry, row: Notification) -> bool:
    if entry.note == Note.CLAIMING:  # ours only if it is this claim, and not a quicker worker's
        expires_at = datetime.fromisoformat(entry.details["expires_at"])
        return row.claim_expires_at == expires_at
    return entry.note in UNTOUCHED


def _acceptances(
    entries: Sequence[Entry], rows: Mapping[UUID, Notification]
) -> Iterator[Settlement]:
    """Give the settlements of those acceptances that are not on record."""
    known: dict[Ticketed, set[str]] = defaultdict(set)
    attempts = DeliveryAttempt.objects.filter(notification__in=[one.ticketed.id for one in entries])
    for identifier, ticket, outcome in attempts.values_list("notification", "ticket", "outcome"):
        known[Ticketed(identifier, ticket)].add(outcome)
    for entry in entries:
        outcomes = known[entry.ticketed]
        if entry.ticketed.id not in rows or AttemptOutcome.ACCEPTED in outcomes:
            continue
        row = rows[entry.ticketed.id]
        row.ticket = entry.ticketed.ticket  # as it was claimed
        if outcomes:  # the relay gave the claim up for lost, which counted it
            row.attempt_count -= 1
        acceptance = Acceptance.from_json(entry.details["acceptance"])
        yield after_acceptance(row, acceptance, attempts=[acceptance.attempt(row)])


def _doubted(row: Notification, noted: Mapping[str, Any], *, now: datetime) -> Settlement:
    attempt = doubt_from_json(row, noted)
    failure = retries.Failure(outcome=AttemptOutcome.UNKNOWN, code=attempt.error_code)
    return _left_to_the_relay(after_failure(row, failure, attempts=[attempt], now=now))


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
    return _left_to_the_relay(after_failure(row, failure, attempts=[attempt], now=now))


def _left_to_the_relay(settlement: Settlement) -> Settlement:
    if (at := settlement.changes.get("next_attempt_at")) is not None:
        settlement.changes["relay_at"] = at
    return settlement
