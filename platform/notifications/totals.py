"""Counts since the beginning, for those who watch how they grow; the same from every process.

Read from the hourly rollups alone, whose sums never shrink: `rollup_upkeep` folds old hours into
days, so that the rows of a year are some hundred spans of each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Sum

from notifications.histogram import COLUMNS
from notifications.models import DeliveryRollup, HourlyRollup, Notification
from notifications.rollups import ACCEPTED

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Total:
    """What was ever counted of one provider, event and outcome.

    Attributes:
        provider: the provider's alias of an attempt; empty for what became of notifications.
        outcome: `attempt.<outcome>`, a status, `failed.<reason>` or `accepted`.
        duration: the sum of what was counted.
        buckets: its histogram (`notifications.histogram`).
    """

    provider: str
    event: str
    outcome: str
    count: int
    duration: timedelta
    buckets: Sequence[int]


def totals() -> list[Total]:
    """Return all that was counted, up to this moment; what was enqueued has `accepted_totals`."""
    sums = {f"sum_{column}": Sum(column) for column in COLUMNS}
    rows = (
        HourlyRollup.objects.exclude(outcome=ACCEPTED)
        .order_by("provider", "event", "outcome")
        .values("provider", "event", "outcome")
        .annotate(n=Sum("count"), took=Sum("duration"), **sums)
    )
    return [_total(row) for row in rows]


def _total(row: Mapping[str, Any]) -> Total:
    return Total(
        provider=row["provider"],
        event=row["event"],
        outcome=row["outcome"],
        count=row["n"],
        duration=row["took"],
        buckets=[row[f"sum_{column}"] for column in COLUMNS],
    )


def accepted_totals() -> dict[str, int]:
    """Return how many notifications were ever enqueued, by event.

    Those of the last minutes, which `rollup_upkeep` has not counted yet, are counted here.
    """
    counted = dict(
        HourlyRollup.objects.filter(outcome=ACCEPTED)
        .order_by("event")
        .values_list("event")
        .annotate(Sum("count"))
    )
    since = DeliveryRollup.objects.filter(outcome=ACCEPTED).aggregate(at=Max("minute"))["at"]
    fresh = Notification.objects.order_by("event").values_list("event").annotate(Count("pk"))
    if since is not None:
        fresh = fresh.filter(created_at__gte=since + MINUTE)
    for event, count in fresh:
        counted[event] = counted.get(event, 0) + count
    return counted
