"""Breakers and rates, as mail meets them: on a real Valkey, against real SMTP servers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import delivery
from notifications.delivery import deliver, deliver_patiently, deliver_together
from notifications.models import DeliveryAttempt, Notification
from notifications.states import Status
from notifications.tickets import Ticketed
from providers import routing
from tests.support.smtp_sink import SmtpSink, Stage, refuse

Enqueued = Callable[..., Notification]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("greeting_templates", "valkey"),
]


def tickets_of(rows: list[Notification]) -> list[Ticketed]:
    return [Ticketed(row.id, row.ticket) for row in rows]


def test_a_rate_delays_mail_and_never_sends_it_to_the_next_provider(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as first, SmtpSink() as second:
        use_providers(
            EMAIL_PROVIDERS="first=smtp,second=smtp",
            FIRST_SMTP_URL=first.url,
            FIRST_RATE="5/s",
            SECOND_SMTP_URL=second.url,
        )
        rows = [enqueued() for _ in range(12)]
        report = deliver(tickets_of(rows), retries_in_broker=False)
        assert (len(report.delivered), len(report.waiting)) == (5, 7)
        assert report.until - timezone.now() <= timedelta(seconds=1.1)
        assert (len(first.messages), second.messages) == (5, [])
    waiting = Notification.objects.filter(status=Status.QUEUED)
    assert {row.attempt_count for row in waiting} == {0}
    assert {row.error_code for row in waiting} == {"no_provider"}


def test_a_batch_goes_out_at_the_pace_of_the_rate(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as sink:
        use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, SMTP_RATE="10/s")
        deliver_patiently(tickets_of([enqueued() for _ in range(25)]))
        times = sorted(mail.at for mail in sink.messages)
    assert len(times) == 25
    assert times[-1] - times[0] >= 1.9
    assert not Notification.objects.exclude(status=Status.SENT).exists()


@pytest.mark.parametrize(("is_live", "sent"), [(True, 10), (False, 15)])
def test_only_a_batch_of_the_backlog_waits_for_a_rate(
    enqueued: Enqueued, use_providers: Callable[..., None], is_live: bool, sent: int
) -> None:
    with SmtpSink() as sink:
        use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, SMTP_RATE="10/s")
        deliver_together(tickets_of([enqueued() for _ in range(15)]), is_live=is_live)
        assert len(sink.messages) == sent
    waiting = Notification.objects.filter(status=Status.QUEUED)
    assert waiting.count() == 15 - sent
    soon = timezone.now() + timedelta(seconds=1.1)
    assert all(row.relay_at and row.relay_at <= soon for row in waiting)


def test_a_dead_provider_costs_a_handful_of_attempts_and_gets_its_traffic_back(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    first = SmtpSink()
    with SmtpSink() as second, first:
        use_providers(
            EMAIL_PROVIDERS="first=smtp,second=smtp",
            FIRST_SMTP_URL=first.url,
            SECOND_SMTP_URL=second.url,
        )
        first.stop()
        deliver(tickets_of([enqueued() for _ in range(40)]), retries_in_broker=False)
        assert len(second.messages) == 40
        on_the_dead_one = DeliveryAttempt.objects.filter(provider="first").count()
        assert 1 <= on_the_dead_one <= 8
        [state, _] = routing.states(now=timezone.now())
        assert not state.takes_mail
        first.start()
        later = timezone.now() + timedelta(minutes=2)
        with_probe = routing.permit(now=later, wanted=1)
        assert with_probe.providers[0] == "first"


def test_with_every_provider_down_mail_waits_and_burns_nothing(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as sink:
        url = sink.url
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=url)
    rows = [enqueued() for _ in range(30)]
    deliver(tickets_of(rows), retries_in_broker=False)
    tried = Notification.objects.filter(attempt_count=1).count()
    assert tried <= 8
    untouched = Notification.objects.filter(attempt_count=0)
    assert untouched.count() == 30 - tried
    assert set(untouched.values_list("status", flat=True)) == {Status.QUEUED}


def test_ten_refused_recipients_in_a_row_send_the_eleventh_elsewhere(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as first, SmtpSink() as second:
        first.always(refuse("554 5.7.1 Your account is suspended", at=Stage.RCPT))
        use_providers(
            EMAIL_PROVIDERS="first=smtp,second=smtp",
            FIRST_SMTP_URL=first.url,
            SECOND_SMTP_URL=second.url,
        )
        deliver(tickets_of([enqueued() for _ in range(14)]), retries_in_broker=False)
        assert len(second.messages) >= 4
    [state, _] = routing.states(now=timezone.now())
    assert state.alarm


def test_a_permit_that_nobody_used_is_there_for_the_next(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as sink:
        use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, SMTP_RATE="2/s")
        row = enqueued()
        for _ in range(20):
            deliver([Ticketed(row.id, 99)], retries_in_broker=False)
        assert len(delivery.deliver(tickets_of([row]), retries_in_broker=False).delivered) == 1
