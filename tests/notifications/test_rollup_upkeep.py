"""The rollups count what was enqueued, stay small, and never change a sum."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from notifications import rollup_upkeep
from notifications.models import DeliveryRollup, HourlyRollup, Notification
from notifications.rollup_upkeep import count_accepted, drop_minutes, fold_hours
from notifications.rollups import ACCEPTED, Tally, add
from notifications.totals import accepted_totals, totals
from tests.notifications.conftest import EVENT

Enqueued = Callable[..., Notification]
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def enqueue_at(enqueued: Enqueued, at: datetime) -> None:
    Notification.objects.filter(pk=enqueued().pk).update(created_at=at)


def hourly_count() -> int:
    return sum(HourlyRollup.objects.filter(outcome=ACCEPTED).values_list("count", flat=True))


def test_what_was_enqueued_is_counted_once_however_often_it_is_looked_at(
    enqueued: Enqueued,
) -> None:
    for minutes in (1, 2, 2, 59, 61):
        enqueue_at(enqueued, NOON + timedelta(minutes=minutes))
    for _ in range(3):
        count_accepted(now=NOON + timedelta(hours=2))
    assert sorted(HourlyRollup.objects.values_list("hour", "count")) == [
        (NOON, 4),
        (NOON + timedelta(hours=1), 1),
    ]
    assert DeliveryRollup.objects.get(minute=NOON + timedelta(minutes=2)).count == 2


def test_a_transaction_that_commits_late_is_counted_too(enqueued: Enqueued) -> None:
    enqueue_at(enqueued, NOON)
    enqueue_at(enqueued, NOON + timedelta(minutes=6))
    count_accepted(now=NOON + timedelta(minutes=7))
    enqueue_at(enqueued, NOON + timedelta(minutes=5))
    count_accepted(now=NOON + timedelta(minutes=8))
    assert hourly_count() == 3


def test_the_current_minute_is_added_by_whoever_asks(enqueued: Enqueued) -> None:
    enqueue_at(enqueued, timezone.now() - timedelta(minutes=3))
    rollup_upkeep.keep_up()
    assert hourly_count() == 1
    enqueued()
    assert accepted_totals() == {EVENT: 2}


@pytest.mark.parametrize("counted_before", [True, False])
def test_an_upkeep_that_comes_while_totals_are_read_changes_none(
    enqueued: Enqueued, counted_before: bool
) -> None:
    now = timezone.now()
    enqueue_at(enqueued, now - timedelta(minutes=9))
    if counted_before:
        rollup_upkeep.count_accepted(now=now)
    for minutes in (5, 5, 3):
        enqueue_at(enqueued, now - timedelta(minutes=minutes))
    came = False

    def come_between(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal came
        answer = execute(*arguments)
        if not came:
            came = True
            rollup_upkeep.count_accepted(now=now)
        return answer

    with connection.execute_wrapper(come_between):
        assert accepted_totals() == {EVENT: 4}
    assert hourly_count() == 4


@pytest.mark.parametrize("days", [6, 8, 34, 40, 70])
def test_days_without_an_order_change_no_total(enqueued: Enqueued, days: int) -> None:
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=days)
    for minutes in (-300, -59, 1, 30, 30, 59):
        enqueue_at(enqueued, noon + timedelta(minutes=minutes))
    count_accepted(now=noon + timedelta(hours=1))
    for _ in range(3):
        rollup_upkeep.keep_up()
        assert accepted_totals() == {EVENT: 6}
    enqueued()
    assert accepted_totals() == {EVENT: 7}
    count_accepted(now=timezone.now() + timedelta(minutes=1))
    rollup_upkeep.keep_up()
    assert accepted_totals() == {EVENT: 7}
    assert hourly_count() == 7


def test_days_without_an_order_cost_no_more_than_minutes(
    enqueued: Enqueued, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    now = timezone.now()
    enqueue_at(enqueued, now - timedelta(days=30))
    count_accepted(now=now)
    with django_assert_max_num_queries(12):
        count_accepted(now=now)


def test_nothing_is_counted_where_nothing_is() -> None:
    rollup_upkeep.keep_up()
    assert accepted_totals() == {}


def add_sent(at: datetime, *, seconds: float) -> None:
    tally = Tally()
    tally.add(timedelta(seconds=seconds))
    add({(at, "", EVENT, "sent"): tally})


def test_old_hours_become_one_row_of_their_day_and_no_sum_changes() -> None:
    for hours in range(30):
        add_sent(NOON + timedelta(hours=hours), seconds=hours)
    before = totals()
    assert fold_hours(before=NOON + timedelta(hours=20)) == 12
    assert totals() == before
    midnight = datetime(2026, 3, 14, tzinfo=UTC)
    assert HourlyRollup.objects.get(hour=midnight).count == 12
    assert HourlyRollup.objects.count() == 1 + 18
    assert fold_hours(before=NOON + timedelta(hours=20)) == 0


def test_an_hour_that_is_recorded_late_joins_its_folded_day() -> None:
    add_sent(NOON, seconds=1)
    fold_hours(before=NOON + timedelta(days=2))
    add_sent(NOON, seconds=2)
    fold_hours(before=NOON + timedelta(days=2))
    assert HourlyRollup.objects.get().count == 2


def test_old_minutes_are_dropped_and_their_hours_stay() -> None:
    add_sent(NOON, seconds=1)
    add_sent(NOON + timedelta(hours=1), seconds=1)
    assert drop_minutes(before=NOON + timedelta(minutes=30)) == 1
    assert HourlyRollup.objects.count() == 2
