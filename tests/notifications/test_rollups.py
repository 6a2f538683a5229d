"""Counts by the minute and the hour: they add up, whoever adds, and know how long things took."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from notifications import rollups
from notifications.histogram import BOUNDS, BUCKETS, bucket_of, quantile
from notifications.models import DeliveryRollup, HourlyRollup, Notification
from notifications.rollups import Tally

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0, 0), (0.05, 0), (0.051, 1), (1, 6), (1.01, 7), (90_000, BUCKETS - 1)]
)
def test_a_duration_belongs_to_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    assert bucket_of(seconds * SECOND) == bucket


def test_quantiles_lie_within_the_bucket_that_holds_them() -> None:
    counts = [0] * BUCKETS
    for milliseconds in range(1, 1001):
        counts[bucket_of(timedelta(milliseconds=milliseconds))] += 1
    for share in (0.5, 0.95, 0.99):
        found = quantile(counts, share)
        assert found is not None
        assert abs(found - share * SECOND) < 0.01 * SECOND


def test_quantiles_of_nothing_and_of_endless_waits() -> None:
    assert quantile([0] * BUCKETS, 0.5) is None
    assert quantile([0] * (BUCKETS - 1) + [3], 0.5) == BOUNDS[-1]


@pytest.mark.django_db
def test_an_hour_is_the_sum_of_its_minutes_however_often_they_are_added_to() -> None:
    hour = datetime(2026, 3, 14, 9, tzinfo=timezone.get_default_timezone())
    for minute in (0, 0, 7, 59, 60):
        tally = Tally()
        tally.add(2 * SECOND)
        tally.add(40 * SECOND)
        key = (hour + timedelta(minutes=minute), "postmark", "order.placed", "attempt.accepted")
        rollups.add({key: tally})
    minutes = DeliveryRollup.objects.order_by("minute")
    assert [row.count for row in minutes] == [4, 2, 2, 2]
    first, second = HourlyRollup.objects.order_by("hour")
    assert (first.count, first.duration, second.count) == (8, 168 * SECOND, 2)
    slow = f"bucket_{bucket_of(40 * SECOND):02}"
    assert HourlyRollup.objects.aggregate(n=Sum(slow))["n"] == 5
    assert DeliveryRollup.objects.aggregate(n=Sum(slow))["n"] == 5


def test_a_mail_that_is_sent_is_counted_with_the_time_since_its_event(
    enqueued: Callable[..., Notification],
) -> None:
    from notifications.settlements import Settlement
    from notifications.states import Status

    row = enqueued()
    row.created_at = timezone.now() - 90 * SECOND
    settlement = Settlement(notification=row, to=Status.SENT, at=timezone.now())
    rollups.add(rollups.tallies_of([], ended=[settlement]))
    sent = HourlyRollup.objects.get(outcome=Status.SENT)
    assert getattr(sent, f"bucket_{bucket_of(90 * SECOND):02}") == 1
