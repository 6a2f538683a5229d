"""Keeps the rollups whole and small; from beat, every minute. Running twice at once does no harm.

Enqueued mail is counted here and not where it is enqueued: there every order would wait for the
same row. Old minutes are dropped, for the hours hold them too, and old hours are folded into their
day; no sum over hours ever changes.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import TruncMinute
from django.utils import timezone

from notifications import rollups
from notifications.histogram import COLUMNS
from notifications.models import DeliveryRollup, HourlyRollup, Notification
from notifications.rollups import ACCEPTED, Tally

log = structlog.get_logger()

MINUTES_KEPT = timedelta(days=7)
HOURS_KEPT = timedelta(days=35)
COMMITTED_WITHIN = timedelta(minutes=10)
"""How long after its `created_at` a notification may be committed and still be counted."""
STRETCH = timedelta(hours=1)
"""What one statement counts, after beat was away for long."""
BATCH = 5_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def keep_up() -> None:
    """Count what was enqueued, drop old minutes and fold old hours."""
    now = timezone.now()
    count_accepted(now=now)
    drop_minutes(before=now - MINUTES_KEPT)
    fold_hours(before=now - HOURS_KEPT)


def count_accepted(*, now: datetime) -> None:
    """Write the counts of enqueued mail up to the last whole minute.

    Each minute's count is replaced and not added to, and the last minutes are counted again: a
    long transaction may commit late.
    """
    end = rollups.minute_of(now)
    start = _next_enqueued(_counted_again(), before=end)
    while start is not None:
        stop = min(rollups.hour_of(start) + STRETCH, end)
        _count_stretch(start, stop)
        start = _next_enqueued(stop, before=end)


def _counted_again() -> datetime | None:
    """Return from when on minutes are counted again; None if none was ever counted."""
    last = DeliveryRollup.objects.filter(outcome=ACCEPTED).aggregate(at=Max("minute"))["at"]
    return None if last is None else rollups.minute_of(last - COMMITTED_WITHIN)


def _next_enqueued(since: datetime | None, *, before: datetime) -> datetime | None:
    """Return the first minute from `since` on in which mail was enqueued; None if there is none."""
    rows = Notification.objects.filter(created_at__lt=before)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    first = rows.aggregate(at=Min("created_at"))["at"]
    return None if first is None else rollups.minute_of(first)


def _needed_since() -> datetime | None:
    """Return since when minutes and hours of enqueued mail are still needed, however old.

    They are what the count goes on from, and what the next count of their hour is the sum of. After
    a week without an order they would be gone, and everything would be counted a second time.
    """
    again = _counted_again()
    return None if again is None else rollups.hour_of(again)


def _count_stretch(start: datetime, stop: datetime) -> None:
    counts = (
        Notification.objects.filter(created_at__gte=start, created_at__lt=stop)
        .order_by()
        .annotate(minute=TruncMinute("created_at", tzinfo=UTC))
        .values_list("minute", "event")
        .annotate(n=Count("pk"))
    )
    minutes = [
        DeliveryRollup(
            minute=minute, event=event, outcome=ACCEPTED, count=count, duration=timedelta()
        )
        for minute, event, count in counts
    ]
    if not minutes:
        return
    with transaction.atomic():
        _replace(DeliveryRollup, minutes, span="minute")
        hour = rollups.hour_of(start)
        sums = (
            DeliveryRollup.objects.filter(
                outcome=ACCEPTED, minute__gte=hour, minute__lt=hour + HOUR
            )
            .order_by()
            .values_list("event")
            .annotate(n=Sum("count"))
        )
        hours = [
            HourlyRollup(
                hour=hour, event=event, outcome=ACCEPTED, count=count, duration=timedelta()
            )
            for event, count in sums
        ]
        _replace(HourlyRollup, hours, span="hour")


def _replace(model: Any, rows: Iterable[Any], *, span: str) -> None:
    model.objects.bulk_create(
        sorted(rows, key=lambda row: (row.begins_at, row.event)),
        update_conflicts=True,
        unique_fields=[span, "provider", "event", "outcome"],
        update_fields=["count"],
    )


def drop_minutes(*, before: datetime) -> int:
    """Delete the minutes before a moment, a batch at most; return how many rows."""
    old = DeliveryRollup.objects.filter(minute__lt=before).order_by("minute")
    if (needed := _needed_since()) is not None:
        old = old.exclude(outcome=ACCEPTED, minute__gte=needed)
    return DeliveryRollup.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:BATCH])
    ).delete()[0]


def fold_hours(*, before: datetime) -> int:
    """Put the hours of each day that ended before a moment into its first; return how many rows.

    Looks back over two months: what an older hour costs is one row.
    """
    needed = _needed_since()
    last = _midnight(before if needed is None else min(before, needed))
    found = HourlyRollup.objects.filter(hour__gte=last - 60 * DAY, hour__lt=last)
    days = {
        _midnight(hour) for hour in found.values_list("hour", flat=True).distinct() if hour.hour
    }
    return sum(_fold(day) for day in sorted(days))


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _fold(day: datetime) -> int:
    with transaction.atomic():
        hours = HourlyRollup.objects.filter(hour__gt=day, hour__lt=day + DAY)
        if connection.features.has_select_for_update:
            hours = hours.select_for_update()
        tallies: defaultdict[rollups.Key, Tally] = defaultdict(Tally)
        ids = []
        for row in hours:
            tallies[day, row.provider, row.event, row.outcome].join(
                Tally(
                    count=row.count,
                    duration=row.duration,
                    buckets=[getattr(row, column) for column in COLUMNS],
                )
            )
            ids.append(row.pk)
        rollups.add_to_hours(tallies)
        HourlyRollup.objects.filter(pk__in=ids).delete()
    log.info("rollups_folded", day=f"{day:%Y-%m-%d}", rows=len(ids))
    return len(ids)
