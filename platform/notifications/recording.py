"""Writes down what became of claimed notifications, in one short transaction.

Every write is fenced by the claim's ticket. Whoever records too late changes nothing but still
writes its attempt, because what happened did happen.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from notifications.models import DeliveryAttempt, DeliveryRollup, Notification
from notifications.settlements import Settlement
from notifications.states import CLAIMABLE, OPEN, Status


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
    to_column = DeliveryRollup._meta.get_field
    # In one order everywhere, so that two workers never wait for each other's rows in a circle.
    rows = [
        [
            to_column("minute").get_db_prep_save(minute, connection),
            provider,
            event,
            outcome,
            tally.count,
            to_column("duration").get_db_prep_save(tally.duration, connection),
        ]
        for (minute, provider, event, outcome), tally in sorted(tallies.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(ADD_TO_ROLLUP, rows)
