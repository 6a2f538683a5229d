"""Adds what was recorded to the counts of its minute and its hour.

Both are written in the transaction of the record itself. Folding minutes into hours later would be
cheaper by one statement, and wrong for whoever records late: a journal may be replayed hours after
its worker died.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, DurationField

from access.prepared import prepared_cursor
from notifications.histogram import BUCKETS, COLUMNS, bucket_of
from notifications.models import DeliveryAttempt, DeliveryRollup, HourlyRollup
from notifications.retries import DeadLetterReason
from notifications.settlements import Settlement
from notifications.states import Status

Key = tuple[datetime, str, str, str]
"""The span's begin, provider, event and outcome."""
ACCEPTED = "accepted"
"""The outcome under which `rollup_upkeep` counts what was enqueued."""


@dataclass(kw_only=True)
class Tally:
    """What is to be added to one row."""

    count: int = 0
    duration: timedelta = timedelta()
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, duration: timedelta) -> None:
        """Count one more."""
        self.count += 1
        self.duration += duration
        self.buckets[bucket_of(duration)] += 1

    def join(self, other: "Tally") -> None:
        """Add what another one counted."""
        self.count += other.count
        self.duration += other.duration
        self.buckets = [
            ours + theirs for ours, theirs in zip(self.buckets, other.buckets, strict=True)
        ]


def minute_of(at: datetime) -> datetime:
    """Return when the minute of a moment began."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.replace(second=0, microsecond=0)


def hour_of(at: datetime) -> datetime:
    """Return when the hour of a moment began: an hour of UTC, which begins between two of India."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def tallies_of(
    attempts: Sequence[DeliveryAttempt], *, ended: Sequence[Settlement]
) -> dict[Key, Tally]:
    """Count attempts (by provider) and endings (provider ""), for `add`.

    A dead letter is counted twice: as `failed`, and with its reason as `failed.<reason>`.

    An attempt is counted with its duration, an ending with the time since the event, or since the
    mail was to be sent where that is later.
    """
    tallies: defaultdict[Key, Tally] = defaultdict(Tally)
    for attempt in attempts:
        minute = minute_of(attempt.started_at + attempt.duration)
        event = attempt.notification.event
        outcome = "attempt." + attempt.outcome
        tallies[minute, attempt.provider, event, outcome].add(attempt.duration)
    for settlement in ended:
        row = settlement.notification
        key = (minute_of(settlement.at), "", row.event, settlement.to.value)
        took = settlement.at - (row.send_at or row.created_at)
        tallies[key].add(took)
        if settlement.to == Status.FAILED:
            tallies[*key[:3], f"{key[3]}.{reason_of(settlement.changes)}"].add(took)
    return tallies


def reason_of(changes: Mapping[str, Any]) -> str:
    """Return why a mail became a dead letter: one of few words, unlike a provider's own codes."""
    if changes.get("error_code") in set(DeadLetterReason):
        return str(changes["error_code"])
    return str(changes.get("error_kind", ""))


def add(tallies: dict[Key, Tally]) -> None:
    """Add tallies by the minute to the stored counts of their minutes and hours."""
    if not tallies:
        return
    hours: defaultdict[Key, Tally] = defaultdict(Tally)
    for (minute, *rest), tally in tallies.items():
        hours[hour_of(minute), rest[0], rest[1], rest[2]].join(tally)
    with prepared_cursor(connection.alias) as cursor:
        cursor.executemany(_ADD_TO_MINUTES, _rows(tallies))
    add_to_hours(hours)


def add_to_hours(tallies: dict[Key, Tally]) -> None:
    """Add tallies by the hour to the stored counts of their hours alone."""
    with prepared_cursor(connection.alias) as cursor:
        cursor.executemany(_ADD_TO_HOURS, _rows(tallies))


def _statement(table: str, span: str) -> str:
    """Return the upsert; Django's own can replace but not add."""
    key = (span, "provider", "event", "outcome")
    sums = ("count", "duration", *COLUMNS)
    adding = ", ".join(f"{column} = stored.{column} + excluded.{column}" for column in sums)
    return (
        f"INSERT INTO {table} AS stored ({', '.join((*key, *sums))})"  # noqa: S608  names of ours
        f" VALUES ({', '.join(['%s'] * (len(key) + len(sums)))})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {adding}"
    )


_ADD_TO_MINUTES = _statement(DeliveryRollup._meta.db_table, "minute")
_ADD_TO_HOURS = _statement(HourlyRollup._meta.db_table, "hour")


def _rows(tallies: dict[Key, Tally]) -> list[list[Any]]:
    span: Callable[..., Any] = DateTimeField().get_db_prep_save
    duration: Callable[..., Any] = DurationField().get_db_prep_save
    # In one order everywhere, so that two workers never wait for each other's rows in a circle.
    return [
        [
            span(begin, connection),
            *names,
            tally.count,
            duration(tally.duration, connection),
            *tally.buckets,
        ]
        for (begin, *names), tally in sorted(tallies.items(), key=lambda item: item[0])
    ]
