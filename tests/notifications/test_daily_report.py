"""The daily report: one mail for each address and day, through Postroom's own pipeline."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.celery import app
from notifications import daily_report, rollup_upkeep
from notifications.daily_report import collect, due, send
from notifications.delivery import deliver
from notifications.models import AuditRun, Notification
from notifications.report_contract import CONTRACT, EVENT
from notifications.rollups import Tally, add
from notifications.tasks import collect_report, send_report, start_report
from notifications.tickets import Ticketed
from templating.rendering import render
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 14)


@pytest.fixture(autouse=True)
def reported(settings: Any) -> None:
    settings.REPORT_TO = ["ops@example.com", "lead@example.com"]
    settings.REPORT_AT = time(7)
    settings.REPORT_TIME_ZONE = "Asia/Seoul"
    settings.REPORT_LOCALE = "en"


def seoul(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of March 2026, which Seoul's clocks show as given."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


def count_sent(at: datetime, *, seconds: float, event: str = "order.placed") -> None:
    tally = Tally()
    tally.add(timedelta(seconds=seconds))
    add({(at, "", event, "sent"): tally})


def test_it_is_due_from_its_time_of_day_on_in_its_zone() -> None:
    assert due(now=seoul(15, 6, 59)) is None
    assert due(now=seoul(15, 7)) == DAY
    assert due(now=seoul(15, 23, 59)) == DAY


def test_it_is_sent_to_each_address_once_however_often_it_is_asked_for() -> None:
    context = collect(DAY, now=seoul(15, 7))
    for _ in range(3):
        send(DAY, context)
    sent = Notification.objects.filter(event=EVENT)
    assert sorted(row.recipient for row in sent) == ["lead@example.com", "ops@example.com"]
    assert due(now=seoul(15, 8)) is None
    assert due(now=seoul(16, 8)) == DAY + timedelta(days=1)


def test_an_address_that_was_added_gets_the_days_report_too(settings: Any) -> None:
    send(DAY, collect(DAY, now=seoul(15, 7)))
    settings.REPORT_TO = [*settings.REPORT_TO, "new@example.com"]
    assert due(now=seoul(15, 8)) == DAY


def test_without_addresses_there_is_no_report(settings: Any) -> None:
    settings.REPORT_TO = []
    assert due(now=seoul(15, 12)) is None


def test_it_tells_the_day_of_its_zone_and_no_other() -> None:
    count_sent(seoul(13, 23, 59), seconds=1)
    count_sent(seoul(14, 0), seconds=1)
    count_sent(seoul(14, 23, 59), seconds=300, event="order.paid")
    count_sent(seoul(15, 0), seconds=1)
    add({(seoul(14, 5), "", "order.paid", "failed.expired"): Tally(count=2)})
    AuditRun.objects.create(
        at=seoul(14, 12),
        since=seoul(13, 12),
        until=seoul(14, 12),
        missing_count=1,
        overdue_count=0,
    )
    context = collect(DAY, now=seoul(15, 7))
    assert (context["volumes"]["sent"], context["volumes"]["sent_before"]) == (2, 1)
    assert context["failures"] == [{"reason": "expired", "count": 2}]
    assert [slow["event"] for slow in context["slowest"]] == ["order.paid", "order.placed"]
    assert context["audit"] == {"missing": 1, "overdue": 0}
    assert [provider["alias"] for provider in context["providers"]] == ["memory"]


def test_what_was_enqueued_is_in_it(enqueued: Any) -> None:
    row = enqueued()
    Notification.objects.filter(pk=row.pk).update(created_at=seoul(14, 3))
    rollup_upkeep.count_accepted(now=seoul(15, 3))
    assert collect(DAY, now=seoul(15, 7))["volumes"]["accepted"] == 1


def test_it_leaves_like_any_other_mail(valkey: ValkeyServer, use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="memory")
    send(DAY, collect(DAY, now=timezone.now()))
    rows = Notification.objects.filter(event=EVENT)
    deliver([Ticketed(row.pk, row.ticket) for row in rows], retries_in_broker=False)
    assert {row.status for row in Notification.objects.filter(event=EVENT)} == {"sent"}


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("sample", CONTRACT.samples)
def test_every_sample_is_a_mail_in_every_locale(sample: str, locale: str) -> None:
    context = CONTRACT.samples[sample].model_dump(mode="json")
    rendered = render(event=EVENT, locale=locale, context=context)
    for part in (rendered.subject, rendered.html, rendered.text):
        assert "None" not in part
    assert "{" not in rendered.text


def test_beat_begins_a_chain_of_collecting_and_enqueueing(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: seoul(15, 7, 5))
    start_report()
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("periodic").get(timeout=5)
    assert message.headers["task"] == collect_report.name
    [[signature]] = [message.payload[2]["chain"]]
    assert (signature["task"], signature["args"]) == (send_report.name, ["2026-03-14"])
    context = collect_report(*message.payload[0])
    send_report(context, *signature["args"])
    assert Notification.objects.filter(event=EVENT).count() == 2
    assert daily_report.due(now=seoul(15, 9)) is None
