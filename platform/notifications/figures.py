"""What the overview, the daily report and the metrics tell, at a cost that does not grow.

Everything about the past is read from the rollups, whole hours by the hour and only the ragged ends
by the minute; everything about now from an index, counted up to `CAP` at most. So a million rows
cost what ten thousand do, and any web process tells the whole truth.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from notifications.histogram import COLUMNS, quantile
from notifications.models import (
    AttemptOutcome,
    DeliveryRollup,
    Heartbeat,
    HourlyRollup,
    Notification,
)
from notifications.rollups import hour_of, minute_of
from notifications.states import Status

CAP = 10_000
"""Counting stops here: to an operator more are simply more, and each would be read."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ATTEMPT = "attempt."
TAKEN = (AttemptOutcome.ACCEPTED,)
# Not the provider's doing: the mail never reached it.
OURS = (AttemptOutcome.RENDERING, AttemptOutcome.LOST)


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many there are; `capped`: at least so many."""

    count: int
    capped: bool = False


@dataclass(frozen=True, kw_only=True)
class Latency:
    """How long something took; the quantiles are None where nothing was counted."""

    count: int
    p50: timedelta | None
    p95: timedelta | None
    p99: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The attempts of one provider: how many ended how, and how long they took."""

    outcomes: Mapping[str, int] = field(default_factory=dict)
    latency: Latency

    @property
    def attempts(self) -> int:
        """All that reached the provider."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in OURS)

    @property
    def failed(self) -> int:
        """Those that it did not accept."""
        return self.attempts - sum(self.outcomes.get(outcome, 0) for outcome in TAKEN)

    @property
    def error_rate(self) -> float | None:
        """The share that it did not accept, 0 to 1; None without attempts."""
        return self.failed / self.attempts if self.attempts else None


# --- the past, from the rollups --------------------------------------------------------------


def endings(since: datetime, until: datetime) -> dict[str, int]:
    """Return how often notifications came to each status in a stretch of time, by status.

    `retrying` counts decisions to try again; a mail that is retried twice is counted twice.
    """
    found: defaultdict[str, int] = defaultdict(int)
    for rows in _spans(since, until):
        for outcome, count in (
            rows.filter(provider="").values_list("outcome").annotate(Sum("count"))
        ):
            found[outcome] += count
    return dict(found)


def time_to_sent(since: datetime, until: datetime) -> Latency:
    """Return how long mails that were sent in a stretch of time had taken since their event."""
    rows = (rows.filter(provider="", outcome=Status.SENT) for rows in _spans(since, until))
    return _latency(_histogram(list(rows)))


def time_to_sent_by_event(since: datetime, until: datetime) -> dict[str, Latency]:
    """Return the same for each event of which mail was sent."""
    buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(COLUMNS))
    for rows in _spans(since, until):
        sent = rows.filter(provider="", outcome=Status.SENT)
        for row in sent.order_by("event").values("event").annotate(**_bucket_sums()):
            counted = buckets[row["event"]]
            for number, column in enumerate(COLUMNS):
                counted[number] += row[f"sum_{column}"]
    return {event: _latency(counts) for event, counts in buckets.items()}


def traffic(since: datetime, until: datetime) -> dict[str, Traffic]:
    """Return the attempts of each provider in a stretch of time, by the provider's alias."""
    outcomes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(COLUMNS))
    for rows in _spans(since, until):
        attempts = rows.filter(outcome__startswith=ATTEMPT).exclude(provider="")
        sums = attempts.values("provider", "outcome").annotate(n=Sum("count"), **_bucket_sums())
        for row in sums:
            known, outcome = outcomes[row["provider"]], row["outcome"].removeprefix(ATTEMPT)
            known[outcome] = known.get(outcome, 0) + row["n"]
            if outcome in TAKEN:  # a refusal takes no time, and a silence only our patience
                counted = buckets[row["provider"]]
                for number, column in enumerate(COLUMNS):
                    counted[number] += row[f"sum_{column}"]
    return {
        alias: Traffic(outcomes=known, latency=_latency(buckets[alias]))
        for alias, known in outcomes.items()
    }


def _spans(since: datetime, until: datetime) -> Iterator[QuerySet[Any]]:
    """Give the rows of a stretch of time: its whole hours, and the minutes before and after."""
    first, last = _next_hour(since), hour_of(until)
    if first >= last:
        yield _minutes(since, until)
        return
    yield HourlyRollup.objects.filter(hour__gte=first, hour__lt=last)
    if minute_of(since) < first:
        yield _minutes(since, first)
    yield _minutes(last, until)


def _minutes(since: datetime, until: datetime) -> QuerySet[DeliveryRollup]:
    return DeliveryRollup.objects.filter(minute__gte=minute_of(since), minute__lt=until)


def _next_hour(at: datetime) -> datetime:
    begun = hour_of(at)
    return begun if begun == at else begun + HOUR


def _bucket_sums() -> dict[str, Sum]:
    return {f"sum_{column}": Sum(column) for column in COLUMNS}


def _histogram(spans: Sequence[QuerySet[Any]]) -> list[int]:
    counts = [0] * len(COLUMNS)
    for rows in spans:
        sums = rows.aggregate(**_bucket_sums())
        counts = [known + (sums[f"sum_{c}"] or 0) for known, c in zip(counts, COLUMNS, strict=True)]
    return counts


def _latency(counts: Sequence[int]) -> Latency:
    return Latency(
        count=sum(counts),
        p50=quantile(counts, 0.5),
        p95=quantile(counts, 0.95),
        p99=quantile(counts, 0.99),
    )


# --- today against yesterday -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What today has brought so far, what yesterday had by this hour, and yesterday's whole."""

    today: Mapping[str, int]
    yesterday_so_far: Mapping[str, int]
    yesterday: Mapping[str, int]


def today_against_yesterday(*, now: datetime) -> Comparison:
    """Return the endings of today and yesterday, days being those of the current time zone."""
    local = timezone.localtime(now)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    # By the calendar and not by 24 hours: on two days a year these are not the same.
    before = (midnight - timedelta(hours=12)).replace(hour=0)
    yesterday = timezone.make_aware(before.replace(tzinfo=None), local.tzinfo)
    so_far = yesterday + (local - midnight)
    return Comparison(
        today=endings(midnight, now),
        yesterday_so_far=endings(yesterday, so_far),
        yesterday=endings(yesterday, midnight),
    )


# --- courses over time -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a stretch of time is divided: into `count` steps of `step`, the last one unfinished."""

    name: str
    step: timedelta
    count: int
    rows: Callable[[], QuerySet[Any]]
    column: str


COURSES: Mapping[str, Course] = {
    course.name: course
    for course in (
        Course(
            name="hour",
            step=timedelta(minutes=1),
            count=60,
            rows=DeliveryRollup.objects.all,
            column="minute",
        ),
        Course(name="day", step=HOUR, count=24, rows=HourlyRollup.objects.all, column="hour"),
        Course(
            name="week",
            step=timedelta(hours=6),
            count=28,
            rows=HourlyRollup.objects.all,
            column="hour",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a course: when it began, and what was counted in it, by outcome."""

    begins_at: datetime
    counts: Mapping[str, int]


def course(name: str, *, now: datetime, provider: str = "") -> list[Step]:
    """Return a course of `COURSES`, the oldest step first.

    Args:
        name: `hour`, `day` or `week`.
        now: lies in the last step.
        provider: whose attempts to count (by `AttemptOutcome`); none: endings (by `Status`).

    Raises:
        KeyError: there is no such course.
    """
    kind = COURSES[name]
    begins = list(_steps(kind, now=now))
    rows = kind.rows().filter(
        provider=provider, **{f"{kind.column}__gte": begins[0], f"{kind.column}__lte": now}
    )
    found: list[defaultdict[str, int]] = [defaultdict(int) for _ in begins]
    for at, outcome, count in rows.values_list(kind.column, "outcome").annotate(n=Sum("count")):
        found[bisect_right(begins, at) - 1][outcome.removeprefix(ATTEMPT)] += count
    return [
        Step(begins_at=begin, counts=dict(counts))
        for begin, counts in zip(begins, found, strict=True)
    ]


def _steps(kind: Course, *, now: datetime) -> Iterator[datetime]:
    """Give when each step begins: at full hours of the current time zone where it is long."""
    if kind.step <= HOUR:
        # In UTC, where no hour of the year is there twice.
        last = (minute_of if kind.step < HOUR else hour_of)(now)
    else:
        local, hours = timezone.localtime(now), int(kind.step / HOUR)
        last = hour_of(local).replace(hour=local.hour // hours * hours)
    for number in range(kind.count - 1, -1, -1):
        yield last - number * kind.step


# --- now, from indexes -----------------------------------------------------------------------


def standing_now() -> dict[Status, Count]:
    """Return how many notifications stand in each status that somebody or something waits for."""
    waiting = (
        *(Status.QUEUED, Status.SENDING, Status.RETRYING),
        *(Status.UNKNOWN, Status.FAILED),
    )
    return {status: count_of(status) for status in waiting}


def count_of(status: Status) -> Count:
    """Return how many notifications stand in a status, counting up to `CAP`."""
    # In the index's order and with its columns alone: a scan of the index that ends at the cap.
    rows = Notification.objects.filter(status=status).order_by("-created_at")
    found = rows.values("created_at")[:CAP].count()
    return Count(count=found, capped=found >= CAP)


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the mail that has waited longest is due; None if none is."""
    queued = Notification.objects.filter(status=Status.QUEUED).order_by("created_at")
    # A redrive gives an old mail a new beginning, so the oldest row need not wait the longest.
    begun = list(queued.values_list("budget_started_at", flat=True)[:20])
    retrying = Notification.objects.filter(status=Status.RETRYING, relay_at__lte=now)
    due = retrying.order_by("relay_at").values_list("next_attempt_at", flat=True)[:20]
    moments = [at for at in (*begun, *due) if at is not None and at <= now]
    return min(moments, default=None)


# --- the processes ---------------------------------------------------------------------------


def heartbeats() -> list[Heartbeat]:
    """Return the last sign of life of each process, by component."""
    return list(Heartbeat.objects.order_by("component", "instance"))
