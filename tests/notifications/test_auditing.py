"""The promise, checked from outside: what is missing is found, and so is what nobody moves."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from notifications import auditing
from notifications.auditing import audit
from notifications.claims import claim
from notifications.models import AuditRun, Notification
from notifications.states import OPEN, Status
from notifications.tickets import Ticketed
from orders.models import OrderEvent
from orders.services import place_order
from tests.orders.requests import new_order

Enqueued = Callable[..., Notification]
pytestmark = pytest.mark.django_db


def an_hour_ago(event: OrderEvent) -> None:
    """Let an event have happened an hour ago."""
    OrderEvent.objects.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def event() -> OrderEvent:
    """An order that was placed an hour ago, with its mail."""
    found = place_order(new_order(number="SO-1001")).events.get()
    an_hour_ago(found)
    return found


def test_an_event_whose_mail_is_gone_is_found_and_named(event: OrderEvent) -> None:
    Notification.objects.all().delete()
    run = audit()
    assert (run.missing_count, run.overdue_count, run.is_clean) == (1, 0, False)
    [finding] = run.findings
    assert (finding["kind"], finding["event"]) == ("missing", "order.placed")
    assert finding["reference"] == "SO-1001"


def test_an_event_with_its_mail_is_as_it_should_be(event: OrderEvent) -> None:
    assert audit().is_clean


@pytest.mark.parametrize("status", [Status.SENT, Status.FAILED, Status.CANCELLED])
def test_mail_that_has_ended_is_not_missing(event: OrderEvent, status: Status) -> None:
    Notification.objects.update(status=status, relay_at=None)
    assert audit().is_clean


def test_an_event_that_is_being_committed_now_is_left_for_the_next_time() -> None:
    place_order(new_order())
    Notification.objects.all().delete()
    assert audit().is_clean


def test_an_event_before_the_window_is_history(event: OrderEvent) -> None:
    Notification.objects.all().delete()
    assert audit(window=timedelta(minutes=30)).is_clean
    assert not audit(window=timedelta(hours=2)).is_clean


def test_the_audit_asks_as_often_for_many_events_as_for_one(
    event: OrderEvent, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _ in range(20):
        an_hour_ago(place_order(new_order()).events.get())
    with django_assert_max_num_queries(12):
        assert audit().is_clean


@pytest.mark.parametrize("status", sorted(OPEN))
def test_mail_that_nobody_has_moved_for_ten_minutes_is_found(
    enqueued: Enqueued, status: Status
) -> None:
    row, long_ago = enqueued(reference="SO-7"), timezone.now() - timedelta(minutes=11)
    if status == Status.SENDING:
        claim([Ticketed(row.id, 0)], now=long_ago)
    Notification.objects.update(status=status, relay_at=long_ago, next_attempt_at=long_ago)
    run = audit()
    assert (run.missing_count, run.overdue_count) == (0, 1)
    assert (run.findings[0]["kind"], run.findings[0]["reference"]) == ("overdue", "SO-7")


def test_mail_that_waits_for_its_time_is_as_it_should_be(enqueued: Enqueued) -> None:
    later = timezone.now() + timedelta(hours=4)
    enqueued()
    Notification.objects.update(status=Status.RETRYING, relay_at=later, next_attempt_at=later)
    assert audit().is_clean


def test_all_findings_are_counted_and_the_first_are_named(
    enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "NAMED", 2)
    for _ in range(5):
        enqueued()
    Notification.objects.update(relay_at=timezone.now() - timedelta(hours=1))
    run = audit()
    assert (run.overdue_count, len(run.findings)) == (5, 2)


def test_old_runs_are_forgotten() -> None:
    audit()
    AuditRun.objects.update(at=timezone.now() - timedelta(days=31))
    audit()
    assert AuditRun.objects.count() == 1


def test_the_command_says_what_it_found_and_fails(event: OrderEvent) -> None:
    Notification.objects.all().delete()
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", stdout=out)
    assert ended.value.code == 1
    assert "order.placed" in out.getvalue()
    assert "SO-1001" in out.getvalue()
    assert out.getvalue().endswith("1 missing, 0 overdue\n")


def test_the_command_is_content_when_all_is_well(event: OrderEvent) -> None:
    out = StringIO()
    call_command("audit", "--hours=2", stdout=out)
    assert out.getvalue() == "0 missing, 0 overdue\n"
