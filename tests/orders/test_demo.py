"""The demo's week: made through the real doors, and believable to the audit."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from notifications import figures
from notifications.models import AuditRun, DeliveryAttempt, Notification
from notifications.states import Status
from orders.demo import story
from orders.models import Order, OrderEvent
from tests.support.valkey import ValkeyServer

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture
def development(settings: Settings) -> None:
    """Be a development site."""
    settings.DEBUG = True


def test_the_same_seed_tells_the_same_story_and_nothing_happens_later_than_now() -> None:
    first, again, other = (list(story.plots(orders=60, now=NOW, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    times = [one.at for plot in first for one in plot.happenings]
    assert max(times) <= NOW
    assert min(times) >= NOW - timedelta(days=story.DAYS)
    assert {plot.order.locale for plot in first} == {"en", "ko"}
    assert all(plot.happenings[0].kind == "placed" for plot in first)


@pytest.mark.django_db
def test_a_week_has_mail_in_many_states_and_counts_that_agree(
    development: None, valkey: ValkeyServer
) -> None:
    call_command("demo", orders=40)
    assert Order.objects.count() == 40
    assert Notification.objects.count() == OrderEvent.objects.count()
    states = Counter(Notification.objects.values_list("status", flat=True))
    assert states[Status.DELIVERED] > 40
    assert {Status.SENT, Status.BOUNCED, Status.FAILED} <= set(states)
    for row in Notification.objects.filter(status=Status.RETRYING):
        assert row.next_attempt_at is not None
        assert row.next_attempt_at > row.created_at
    now = timezone.now()
    counted = figures.traffic(now - timedelta(days=8), now + timedelta(hours=1))
    attempts = DeliveryAttempt.objects.exclude(provider="").count()
    assert sum(one.attempts for one in counted.values()) == attempts
    assert AuditRun.objects.get().is_clean


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_a_reset_begins_anew(
    development: None, valkey: ValkeyServer
) -> None:
    call_command("demo", orders=3)
    before = set(Notification.objects.values_list("pk", flat=True))
    call_command("demo", orders=9)
    assert set(Notification.objects.values_list("pk", flat=True)) == before
    call_command("demo", orders=2, reset=True, seed=2)
    assert Order.objects.count() == 2
    assert before.isdisjoint(Notification.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_a_site_at_work_is_left_alone() -> None:
    for options in ({}, {"reset": True, "yes": True}):
        with pytest.raises(CommandError):
            call_command("demo", **options)
    assert not Order.objects.exists()


@pytest.mark.parametrize("orders", [0, 5001])
def test_a_demo_is_bounded(development: None, orders: int) -> None:
    with pytest.raises(CommandError, match="1 to 5000"):
        call_command("demo", orders=orders)
