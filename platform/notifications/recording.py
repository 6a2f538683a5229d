"""Writes down what became of claimed notifications, in one short transaction.

Every write is fenced by the claim's ticket. Whoever records too late changes nothing but still
writes its attempt, because what happened did happen.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, DurationField
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from notifications.models import DeliveryAttempt, Notification
from notifications.settlements import Settlement
from notifications.states import CLAIMABLE, OPEN, Status

log = structlog.get_logger()


def record(settlements: Sequence[Settlement]) -> int:
    """Write the settlements; return how many notifications moved (the rest came too late)."""
    with transaction.atomic():
        moved = sum(_move(settlement) for settlement in settlements)
        DeliveryAttempt.objects.bulk_create(
            [attempt for settlement in settlements for attempt in settlement.attempts],
            ignore_conflicts=True,
        )
        _count(settlements)
    return moved


class Recorder:
    """Records the settlements of a batch in groups, while the rest of the batch goes on.

    What waits in a group is safe in the worker's journal. A group is written when it is large, or
    old enough for a person who watches to notice.
    """

    GROUP = 50
    PATIENCE = timedelta(milliseconds=250)

    def __init__(self) -> None:
        self.recorded: list[Settlement] = []
        self._waiting: list[Settlement] = []
        self._since = time.monotonic()

    def add(self, settlement: Settlement) -> None:
        """Take a settlement, and write the group if it is time to."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(settlement)
        waited = time.monotonic() - self._since
        if len(self._waiting) >= self.GROUP or waited > self.PATIENCE.total_seconds():
            self.flush()

    def flush(self) -> None:
        """Write what waits; a database that is away for a moment is waited for."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        moved = _patiently(record, group)
        if moved < len(group):
            log.warning("recorded_too_late", notifications=len(group) - moved)
        self.recorded += group


# Recording is fenced, and its attempts are written once: it can be repeated. These mails have left
# already, so a restart of the database is worth waiting for, within the life of a claim.
_patiently = Retrying(
    retry=retry_if_exception_type((OperationalError, InterfaceError)),
    stop=stop_after_delay(15),
    wait=wait_random_exponential(multiplier=0.2, max=2),
    before_sleep=lambda _state: connection.close(),
    reraise=True,
)


def _move(settlement: Settlement) -> int:
    row = settlement.notification
    held = Notification.objects.filter(pk=row.pk, ticket=row.ticket)
    changes: dict[str, Any] = {"claim_expires_at": None, **settlement.changes}
    if settlement.to not in OPEN:
        changes |= {"relay_at": None, "next_attempt_at": None, "finished_at": settlement.at}
    if held.move(settlement.to, only_from=settlement.held_in, **changes):
        return 1
    if settlement.to == Status.SENT:
        # The claim ran out and the relay put the mail back, but nobody has claimed it since (the
        # ticket is still ours), and we hold the provider's word: it must not leave again.
        return held.move(Status.SENT, only_from=CLAIMABLE, reported=True, **changes)
    return 0


ADD_TO_ROLLUP = (
    "INSERT INTO notifications_deliveryrollup AS stored"
    " (minute, provider, event, outcome, count, duration) VALUES (%s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (minute, provider, event, outcome) DO UPDATE SET"
    " count = stored.count + excluded.count, duration = stored.duration + excluded.duration"
)


@dataclass(kw_only=True)
class _Tally:
    count: int = 0
    duration: timedelta = timedelta()


def _count(settlements: Sequence[Settlement]) -> None:
    """Add attempts (by provider) and endings (provider "") to the minute's rollup."""
    tallies: defaultdict[tuple[datetime, str, str, str], _Tally] = defaultdict(_Tally)
    for settlement in settlements:
        minute = settlement.at.replace(second=0, microsecond=0)
        event = settlement.notification.event
        for attempt in settlement.attempts:
            tally = tallies[minute, attempt.provider, event, f"attempt.{attempt.outcome}"]
            tally.count += 1
            tally.duration += attempt.duration
        ending = tallies[minute, "", event, settlement.to.value]
        ending.count += 1
        ending.duration += settlement.at - settlement.notification.created_at
    _add_to_rollup(tallies)


def _add_to_rollup(tallies: dict[tuple[datetime, str, str, str], _Tally]) -> None:
    """Add to the stored counts; Django's upsert can replace but not add, hence the statement."""
    if not tallies:
        return
    minute_field, duration_field = DateTimeField(), DurationField()
    # In one order everywhere, so that two workers never wait for each other's rows in a circle.
    rows = [
        [
            minute_field.get_db_prep_save(minute, connection),
            provider,
            event,
            outcome,
            tally.count,
            duration_field.get_db_prep_save(tally.duration, connection),
        ]
        for (minute, provider, event, outcome), tally in sorted(tallies.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(ADD_TO_ROLLUP, rows)
