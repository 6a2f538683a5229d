"""Writes down what became of claimed notifications, in one short transaction.

Every write is fenced by the claim's ticket. Whoever records too late changes nothing but still
writes its attempt, because what happened did happen.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from access.stored_values import insertion_of_new
from notifications import rollups
from notifications.columns import fit, fit_row
from notifications.models import DeliveryAttempt, Notification, NotificationQuerySet
from notifications.moving import Move, move_each
from notifications.publishing import BATCH
from notifications.retries import DeadLetterReason
from notifications.settlements import Settlement
from notifications.states import OPEN, REPORTED_SOURCES, Status
from notifications.tickets import Ticketed

log = structlog.get_logger()

GUESSED = REPORTED_SOURCES - {Status.SENDING}
"""Where a mail may stand that its worker, late, knows to be accepted."""
FACTS = (
    "provider",
    "provider_message_id",
    "subject",
    "template_version",
    "content_hash",
    "attempt_count",
    "lost_count",
    "sent_at",
)
HELD = frozenset({Status.SENDING})
REJECTED = DeadLetterReason.REJECTED_AFTER_ACCEPTANCE


def record(settlements: Sequence[Settlement]) -> int:
    """Write the settlements; return how many notifications moved (the rest came too late)."""
    if not settlements:
        return 0
    moved: list[Settlement] = []
    completed: list[Settlement] = []
    attempts = [one for settlement in settlements for one in settlement.attempts]
    for attempt in attempts:
        fit_row(attempt)
    # As it nearly always is: each of them moves. What that takes is made before writers are kept
    # waiting for it.
    move_accepted = _move_accepted(settlements)
    insert, tallies = insertion_of_new(attempts), rollups.tallies_of(attempts, ended=settlements)
    with transaction.atomic():
        at_once = move_accepted()
        for settlement in settlements:
            if settlement.notification.pk in at_once or _move(settlement):
                moved.append(settlement)
            elif settlement.to == Status.SENT and _complete(settlement):
                completed.append(settlement)
        if len(moved) < len(settlements):
            # What moved has just left its claim; what came late may have been written before.
            known = _written(settlements)
            new = [attempt for attempt in attempts if _key(attempt) not in known]
            moved += [one for one in completed if known.isdisjoint(map(_key, one.attempts))]
            insert, tallies = insertion_of_new(new), rollups.tallies_of(new, ended=moved)
        insert()
        rollups.add(tallies)
    return len(moved)


class Recorder:
    """Records the settlements of a batch in groups, while the rest of the batch goes on.

    What waits in a group is safe in the worker's journal. A group is written when it is as large as
    a whole batch, or old enough for a person who watches to notice.
    """

    GROUP = BATCH
    PATIENCE = timedelta(milliseconds=250)

    def __init__(self) -> None:
        self.recorded: list[Settlement] = []
        self._waiting: list[Settlement] = []
        self._since = time.monotonic()

    def add(self, settlement: Settlement) -> None:
        """Take a settlement, and write the group if it is time to."""
        self._waiting.append(settlement)
        # Since the last group: with a slow provider each mail is written as soon as it is known.
        waited = time.monotonic() - self._since
        if len(self._waiting) >= self.GROUP or waited > self.PATIENCE.total_seconds():
            self.flush()

    def flush(self) -> None:
        """Write what waits; a database that is away for a moment is waited for."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        moved = patiently(record, group)
        if moved < len(group):
            log.warning("recorded_too_late", notifications=len(group) - moved)
        self.recorded += group
        self._since = time.monotonic()


def _before_it_is_repeated(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("recording_waits_for_database", error_class=type(error).__name__)
    connection.close()


# Recording is fenced, and its attempts are written once: it can be repeated. These mails have left
# already, so a restart of the database is worth waiting for, within the life of a claim.
patiently = Retrying(
    retry=retry_if_exception_type((OperationalError, InterfaceError)),
    stop=stop_after_delay(15),
    wait=wait_random_exponential(multiplier=0.2, max=2),
    before_sleep=_before_it_is_repeated,
    reraise=True,
)


def _move_accepted(settlements: Sequence[Settlement]) -> Move:
    """Return what moves, with one statement, all that was simply accepted.

    The others are moved one by one, and so is what came too late.
    """
    accepted = [
        (Ticketed(one.notification.pk, one.notification.ticket), _changes(one))
        for one in settlements
        if one.to == Status.SENT and one.held_in == HELD
    ]
    if len(dict(accepted)) < len(accepted):
        return frozenset
    return move_each(Status.SENT, accepted, only_from=HELD)


def _move(settlement: Settlement) -> int:
    held = _held(settlement)
    changes = _changes(settlement)
    if held.move(settlement.to, only_from=settlement.held_in, **changes):
        return 1
    if settlement.to == Status.SENT:
        # The claim ran out, and the relay or a person decided without knowing; nobody has claimed
        # the mail since (the ticket is still ours). We hold the provider's word: it must not leave
        # again. Only a rejection after the acceptance knows better.
        guessed = held.exclude(status=Status.FAILED, error_code=REJECTED)
        return guessed.move(Status.SENT, only_from=GUESSED, reported=True, **changes)
    return 0


def _complete(settlement: Settlement) -> int:
    """Add what only its worker knows to a mail about which a report was quicker."""
    changes = _changes(settlement)
    return _held(settlement).update(**{name: changes[name] for name in FACTS if name in changes})


def _held(settlement: Settlement) -> NotificationQuerySet:
    row = settlement.notification
    return Notification.objects.filter(pk=row.pk, ticket=row.ticket)


def _changes(settlement: Settlement) -> dict[str, Any]:
    changes: dict[str, Any] = {"claim_expires_at": None, **settlement.changes}
    if settlement.to == Status.UNKNOWN:
        # A person or a report has until then to say what became of it; then the relay ends it.
        expires_at = settlement.notification.expires_at
        changes |= {"relay_at": expires_at, "next_attempt_at": None}
    elif settlement.to not in OPEN:
        changes |= {"relay_at": None, "next_attempt_at": None, "finished_at": settlement.at}
    return fit(Notification, changes)


def _key(attempt: DeliveryAttempt) -> tuple[UUID, int, str]:
    return attempt.notification_id, attempt.ticket, attempt.provider


def _written(settlements: Sequence[Settlement]) -> frozenset[tuple[UUID, int, str]]:
    """Return the keys of the attempts of these notifications that are written already."""
    ids = [settlement.notification.pk for settlement in settlements]
    found = DeliveryAttempt.objects.filter(notification__in=ids)
    return frozenset(found.values_list("notification_id", "ticket", "provider"))
