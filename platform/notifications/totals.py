"""Counts since the beginning, for those who watch how they grow; the same from every process.

Read from the hourly rollups alone, whose sums never shrink: `rollup_upkeep` folds old hours into
days, so that the rows of a year are some hundred spans of each kind.
"""

from collections import defaultdict
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

    Those of the last minutes, which `rollup_upkeep` may not have counted yet, are counted here. One
    statement reads both parts: if the upkeep came between two, a minute would be missing or be
    counted twice, and a counter that falls is to Prometheus one that began anew.
    """
    counts = DeliveryRollup.objects.filter(outcome=ACCEPTED)
    last = counts.aggregate(at=Max("minute"))["at"]
    counted = HourlyRollup.objects.filter(outcome=ACCEPTED)
    fresh = Notification.objects.all()
    # The hours may know more than `last` by now; what they know too much is in the minutes.
    if last is not None:
        counts = counts.filter(minute__gt=last)
        fresh = fresh.filter(created_at__gte=last + MINUTE)
    parts = [
        counted.order_by().values_list("event").annotate(n=Sum("count")),
        counts.order_by().values_list("event").annotate(n=-Sum("count")),
        fresh.order_by().values_list("event").annotate(n=Count("pk")),
    ]
    found: defaultdict[str, int] = defaultdict(int)
    for event, count in parts[0].union(*parts[1:], all=True):
        found[event] += count
    return dict(sorted(found.items()))
