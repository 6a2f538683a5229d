"""The demo's week: made through the real doors, and believable to the audit."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from notifications import figures
from notifications.models import AuditRun, DeliveryAttempt, Notification
from notifications.states import Status
from orders.demo import story
from orders.demo.stage import Stage
from orders.demo.story import Fate, Happening, Plot
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


EXPECTED = {
    Fate.DELIVERED: Status.DELIVERED,
    Fate.SENT: Status.SENT,
    Fate.BOUNCED: Status.BOUNCED,
    Fate.COMPLAINED: Status.COMPLAINED,
    Fate.SLOW: Status.DELIVERED,
    Fate.STUCK: Status.RETRYING,
    Fate.REFUSED: Status.FAILED,
    Fate.BROKEN: Status.FAILED,
    Fate.DOUBTED: Status.UNKNOWN,
    Fate.CANCELLED: Status.CANCELLED,
}


@pytest.mark.django_db
def test_each_fate_leads_where_real_mail_of_that_kind_stands(
    development: None, valkey: ValkeyServer
) -> None:
    now = timezone.now()
    at = now - timedelta(minutes=30)
    orders = (plot.order for plot in story.plots(orders=len(Fate), now=now, seed=1))
    plots = {
        fate: Plot(order=order, happenings=(Happening(kind="placed", at=at, data={}, fate=fate),))
        for fate, order in zip(Fate, orders, strict=True)
    }
    stage = Stage(now=now, outage=story.outage(now), seed=1)
    stage.play(plots.values())
    stage.finish()
    stand = dict(Notification.objects.values_list("reference", "status"))
    assert {fate: stand[plot.order.number] for fate, plot in plots.items()} == EXPECTED
    stuck = Notification.objects.get(status=Status.RETRYING)
    assert stuck.next_attempt_at is not None
    assert stuck.next_attempt_at > now
    assert stuck.attempts.count() > 2
    counted = figures.traffic(now - timedelta(hours=1), now + timedelta(hours=1))
    attempts = DeliveryAttempt.objects.exclude(provider="").count()
    assert sum(one.attempts for one in counted.values()) == attempts


@pytest.mark.django_db
def test_a_week_satisfies_the_audit(development: None, valkey: ValkeyServer) -> None:
    call_command("demo", orders=8)
    assert Order.objects.count() == 8
    assert Notification.objects.count() == OrderEvent.objects.count()
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
