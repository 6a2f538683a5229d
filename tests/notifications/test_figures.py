"""The overview's figures: whole whatever the stretch, and at a cost that does not grow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications import figures, rollups
from notifications.models import Notification
from notifications.rollups import Tally, minute_of
from notifications.states import Status

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def happened(
    at: datetime, outcome: str, *, provider: str = "", took: float = 1.0, n: int = 1
) -> None:
    """Count `n` of something as the recorder does."""
    tally = Tally()
    for _ in range(n):
        tally.add(timedelta(seconds=took))
    rollups.add({(minute_of(at), provider, "order.placed", outcome): tally})


@pytest.mark.parametrize(
    ("since", "expected"),
    [(MINUTE, 1), (20 * MINUTE, 2), (27 * MINUTE, 2), (40 * MINUTE, 3), (5 * HOUR, 5)],
)
def test_endings_of_any_stretch_are_counted_once(since: timedelta, expected: int) -> None:
    for ago in (0, 10, 30, 90, 180, 400):
        happened(NOW - ago * MINUTE, "sent")
    assert figures.endings(NOW - since, NOW) == {"sent": expected}


def test_today_is_compared_with_yesterday_by_this_hour_and_with_the_whole_of_it() -> None:
    happened(NOW, "sent", n=3)
    happened(NOW - timedelta(days=1, minutes=5), "sent", n=2)
    happened(NOW - timedelta(hours=11), "sent", n=4)  # yesterday, later in the day
    compared = figures.today_against_yesterday(now=NOW)
    assert compared.today == {"sent": 3}
    assert compared.yesterday_so_far == {"sent": 2}
    assert compared.yesterday == {"sent": 6}


def test_a_day_begins_at_midnight_where_the_shop_is() -> None:
    happened(datetime(2026, 3, 13, 18, 45, tzinfo=UTC), "sent")  # 00:15 in Kolkata
    happened(datetime(2026, 3, 13, 18, 15, tzinfo=UTC), "sent", n=5)  # 23:45 the day before
    with timezone.override("Asia/Kolkata"):
        compared = figures.today_against_yesterday(now=NOW)
    assert (compared.today, compared.yesterday) == ({"sent": 1}, {"sent": 5})


@pytest.mark.parametrize(("name", "steps"), [("hour", 60), ("day", 24), ("week", 28)])
def test_a_course_has_all_its_steps_and_the_last_one_is_now(name: str, steps: int) -> None:
    happened(NOW, "sent", n=2)
    happened(NOW - 30 * timedelta(days=1), "sent")
    happened(NOW, "attempt.accepted", provider="smtp")
    course = figures.course(name, now=NOW)
    assert len(course) == steps
    assert [step.counts for step in course] == [{}] * (steps - 1) + [{"sent": 2}]
    assert course[-1].begins_at <= NOW
    assert figures.course(name, now=NOW, provider="smtp")[-1].counts == {"accepted": 1}


def test_a_providers_traffic_tells_its_error_rate_and_how_long_acceptance_took() -> None:
    happened(NOW, "attempt.accepted", provider="smtp", took=0.2, n=9)
    happened(NOW, "attempt.transient", provider="smtp", took=20)
    happened(NOW, "attempt.rendering", provider="smtp", took=0.01, n=5)
    found = figures.traffic(NOW - HOUR, NOW + MINUTE)["smtp"]
    assert (found.attempts, found.failed, found.error_rate) == (10, 1, 0.1)
    assert found.latency.p99 is not None
    assert found.latency.p99 <= timedelta(seconds=0.2)


def test_the_time_to_sent_is_that_of_sent_mail_alone() -> None:
    happened(NOW, "sent", took=2)
    happened(NOW, "failed", took=90_000)
    found = figures.time_to_sent(NOW - HOUR, NOW + MINUTE)
    assert found.count == 1
    assert found.p50 is not None
    assert timedelta(seconds=1.5) <= found.p50 <= timedelta(seconds=2.5)
    assert figures.time_to_sent(NOW - 9 * HOUR, NOW - 8 * HOUR).p50 is None


def test_counting_what_stands_now_stops_at_the_cap(
    enqueued: Callable[..., Notification], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        enqueued()
    assert figures.standing_now()[Status.QUEUED] == figures.Count(count=3)
    monkeypatch.setattr(figures, "CAP", 2)
    assert figures.count_of(Status.QUEUED) == figures.Count(count=2, capped=True)


def test_the_oldest_due_mail_is_the_one_that_has_waited_longest(
    enqueued: Callable[..., Notification],
) -> None:
    now = timezone.now()
    assert figures.oldest_due(now=now) is None
    redriven, waiting, later = enqueued(), enqueued(), enqueued()
    rows = Notification.objects
    rows.filter(pk=redriven.pk).update(created_at=now - 50 * HOUR, budget_started_at=now - MINUTE)
    rows.filter(pk=waiting.pk).update(
        status=Status.RETRYING, next_attempt_at=now - 7 * MINUTE, relay_at=now - 6 * MINUTE
    )
    rows.filter(pk=later.pk).update(
        status=Status.RETRYING, next_attempt_at=now + HOUR, relay_at=now + HOUR
    )
    assert figures.oldest_due(now=now) == now - 7 * MINUTE


def test_the_figures_cost_a_fixed_number_of_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for ago in range(200):
        happened(NOW - ago * HOUR, "sent")
        happened(NOW - ago * HOUR, "attempt.accepted", provider=f"provider{ago % 5}")
    with django_assert_num_queries(6):
        figures.endings(NOW - 40 * HOUR, NOW)  # ragged at both ends: hours, minutes, minutes
        figures.traffic(hour := NOW.replace(minute=0, second=0, microsecond=0), hour + HOUR)
        figures.course("week", now=NOW)
