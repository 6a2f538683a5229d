"""The way of one email, against a real SMTP server."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from notifications import delivery
from notifications.claims import claim
from notifications.delivery import (
    RETRY_IN_BROKER,
    SPREAD,
    Report,
    deliver,
    deliver_live,
    deliver_waiting,
)
from notifications.handover import outlives_a_send, time_needed
from notifications.models import (
    AttemptOutcome,
    DeliveryAttempt,
    DeliveryRollup,
    NextStep,
    Notification,
    Phase,
    Suppression,
    SuppressionReason,
)
from notifications.recording import Settlement, record
from notifications.states import Status
from notifications.suppressions import is_listed
from notifications.tickets import Ticketed
from tests.support.plans import plan_of
from tests.support.smtp_sink import SmtpSink, Stage, disconnect, hang, refuse

Enqueued = Callable[..., Notification]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting_templates")]


def deliver_one(row: Notification) -> Notification:
    """Deliver a row with its current ticket, as its message would, and return it anew."""
    row.refresh_from_db()
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    row.refresh_from_db()
    return row


def make_due(row: Notification) -> None:
    """Let the time of the next attempt come."""
    Notification.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())


def test_a_mail_is_accepted_and_all_of_it_is_recorded(enqueued: Enqueued, sink: SmtpSink) -> None:
    row = deliver_one(enqueued(recipient="minji@example.com", recipient_name="Kim Minji"))
    assert (row.status, row.provider, row.attempt_count) == (Status.SENT, "smtp", 1)
    assert (row.relay_at, row.claim_expires_at, row.next_attempt_at) == (None, None, None)
    assert row.subject == "Hello Minji"
    assert row.content_hash
    assert row.template_version.startswith("file:")
    assert row.sent_at is not None
    attempt = row.attempts.get()
    assert (attempt.number, attempt.outcome) == (1, AttemptOutcome.ACCEPTED)
    assert (attempt.next_step, attempt.ticket) == (NextStep.DONE, 1)
    [mail] = sink.messages
    assert mail.recipients == ("minji@example.com",)
    assert mail.message["Message-ID"] == row.message_id
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["To"] == "Kim Minji <minji@example.com>"
    assert mail.message.get_content_type() == "multipart/alternative"


def test_refused_twice_it_arrives_at_the_third_attempt(enqueued: Enqueued, sink: SmtpSink) -> None:
    row = enqueued()
    sink.queue(refuse("451 4.3.0 Try again later"), refuse("451 4.3.0 Try again later"))
    for _ in range(3):
        deliver_one(row)
        make_due(row)
    row.refresh_from_db()
    assert (row.status, row.attempt_count, row.error_code) == (Status.SENT, 3, "")
    first, second, third = row.attempts.all()
    assert [first.outcome, second.outcome] == [AttemptOutcome.TRANSIENT] * 2
    assert [first.status_code, second.status_code] == [451, 451]
    assert first.next_step == NextStep.RETRY
    assert first.next_attempt_at > first.started_at
    assert third.outcome == AttemptOutcome.ACCEPTED
    assert len(sink.messages) == 1


def test_while_it_waits_the_row_says_why_and_until_when(enqueued: Enqueued, sink: SmtpSink) -> None:
    sink.queue(refuse("451 4.3.0 Try again later"))
    row = deliver_one(enqueued())
    assert row.status == Status.RETRYING
    assert row.next_attempt_at > timezone.now()
    assert row.relay_at == row.next_attempt_at
    assert row.error_kind == AttemptOutcome.TRANSIENT
    assert row.error_summary


def test_a_refused_recipient_is_a_dead_letter_after_one_attempt(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    sink.queue(refuse("550 5.1.1 No such user"))
    row = deliver_one(enqueued())
    assert (row.status, row.attempt_count, row.relay_at) == (Status.FAILED, 1, None)
    attempt = row.attempts.get()
    assert (attempt.outcome, attempt.next_step) == (AttemptOutcome.PERMANENT, NextStep.DEAD_LETTER)
    assert row.recipient not in attempt.summary + attempt.detail


def test_silence_after_the_body_is_an_unknown_outcome_and_is_sent_again_with_the_same_id(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    row = enqueued()
    sink.queue(disconnect(at=Stage.BODY, accept=True))
    deliver_one(row)
    assert (row.attempts.get().outcome, row.status) == (AttemptOutcome.UNKNOWN, Status.RETRYING)
    make_due(row)
    deliver_one(row)
    assert row.status == Status.SENT
    first, second = sink.messages
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_a_provider_that_is_down_hands_over_to_the_next(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as dead:
        url = dead.url
    with SmtpSink() as alive:
        use_providers(
            EMAIL_PROVIDERS="first=smtp,second=smtp", FIRST_SMTP_URL=url, SECOND_SMTP_URL=alive.url
        )
        row = deliver_one(enqueued())
        assert len(alive.messages) == 1
    assert (row.status, row.provider, row.attempt_count) == (Status.SENT, "second", 1)
    failed, accepted = row.attempts.all()
    assert (failed.phase, failed.next_step) == (Phase.CONNECT, NextStep.FAIL_OVER)
    assert (accepted.number, accepted.provider) == (1, "second")
    assert accepted.started_at >= failed.started_at + failed.duration


def test_an_unknown_outcome_never_fails_over(
    enqueued: Enqueued, use_providers: Callable[..., None]
) -> None:
    with SmtpSink() as first, SmtpSink() as second:
        first.queue(disconnect(at=Stage.BODY))
        use_providers(
            EMAIL_PROVIDERS="first=smtp,second=smtp",
            FIRST_SMTP_URL=first.url,
            SECOND_SMTP_URL=second.url,
        )
        row = deliver_one(enqueued())
        assert second.messages == []
    assert row.status == Status.RETRYING


def test_a_wrong_password_waits_without_burning_attempts(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    sink.queue(refuse("530 5.7.0 Authentication required", at=Stage.MAIL))
    row = deliver_one(enqueued())
    assert (row.status, row.attempt_count) == (Status.RETRYING, 0)
    attempt = row.attempts.get()
    assert (attempt.outcome, attempt.next_step) == (AttemptOutcome.CONFIGURATION, NextStep.WAIT)


def test_a_broken_template_is_a_dead_letter_that_names_its_line(
    enqueued: Enqueued, sink: SmtpSink, greeting_templates: Path
) -> None:
    (greeting_templates / "body.html.jinja").write_text("<p>\n{{ nmae }}</p>", encoding="utf-8")
    row = deliver_one(enqueued())
    assert (row.status, row.attempt_count) == (Status.FAILED, 0)
    assert "body.html.jinja:2" in row.error_summary
    assert "nmae" in row.error_summary
    assert row.attempts.get().phase == Phase.RENDER
    assert sink.messages == []


def test_an_expired_mail_is_not_sent(enqueued: Enqueued, sink: SmtpSink) -> None:
    row = enqueued()
    Notification.objects.update(expires_at=timezone.now())
    deliver_one(row)
    assert (row.status, row.error_code) == (Status.FAILED, "expired")
    assert sink.messages == []


@pytest.mark.parametrize("others", [0, 3], ids=["alone", "in a batch"])
@pytest.mark.parametrize(
    ("recipient", "listed"),
    [
        ("minji@example.com", "minji@example.com"),
        ("MinJi@Example.COM", "minji@example.com"),
        ("ÉMILE@example.com", "émile@example.com"),
        ("Straße@example.com", "strasse@example.com"),
    ],
)
def test_an_address_suppressed_meanwhile_is_not_mailed(
    enqueued: Enqueued, sink: SmtpSink, recipient: str, listed: str, others: int
) -> None:
    rows = [enqueued() for _ in range(others)]
    row = enqueued(recipient=recipient)
    Suppression.objects.create(address=listed, reason=SuppressionReason.HARD_BOUNCE)
    deliver([Ticketed(one.id, 0) for one in [*rows, row]], retries_in_broker=True)
    row.refresh_from_db()
    assert row.status == Status.SUPPRESSED
    assert len(sink.messages) == others


def test_a_long_suppression_list_is_not_read_through(enqueued: Enqueued) -> None:
    Suppression.objects.bulk_create(
        Suppression(address=f"n{number}@example.com", reason=SuppressionReason.MANUAL)
        for number in range(5_000)
    )
    table = Notification._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    condition, key = is_listed("recipient"), enqueued().pk.hex
    plan = plan_of(f"SELECT {condition} FROM {table} WHERE id = %s", [key])
    assert re.search(r"Index Cond: \(+address|listed USING .*\(address=\?\)", plan), plan


def test_fifty_copies_of_one_message_send_one_mail(enqueued: Enqueued, sink: SmtpSink) -> None:
    row = enqueued()
    for _ in range(50):
        deliver([Ticketed(row.id, 0)], retries_in_broker=True)
    assert len(sink.messages) == 1


def test_a_batch_delivers_each_by_itself(enqueued: Enqueued, sink: SmtpSink) -> None:
    rows = [enqueued() for _ in range(5)]
    sink.queue(refuse("550 5.1.1 No such user"), to=rows[2].recipient)
    tickets = [Ticketed(row.id, 0) for row in rows]
    delivered = deliver(tickets, retries_in_broker=False).delivered
    assert [one.status for one in delivered].count(Status.SENT) == 4
    assert len(sink.messages) == 4
    assert Notification.objects.get(status=Status.FAILED).id == rows[2].id


def test_a_claim_too_short_for_a_send_is_given_back_unharmed(
    enqueued: Enqueued, sink: SmtpSink, settings: Any
) -> None:
    settings.CLAIM_DURATION = settings.EMAIL_SEND_TIMEOUT
    row = deliver_one(enqueued())
    assert (row.status, row.attempt_count, row.ticket) == (Status.QUEUED, 0, 1)
    assert not DeliveryAttempt.objects.exists()
    assert sink.messages == []


def test_a_claim_that_leaves_no_time_to_record_a_send_is_given_back_unharmed(
    enqueued: Enqueued, sink: SmtpSink, settings: Any
) -> None:
    settings.CLAIM_DURATION = settings.EMAIL_SEND_TIMEOUT + timedelta(seconds=25)
    [row] = claim([Ticketed(enqueued().id, 0)], now=timezone.now())
    assert outlives_a_send(row, now=timezone.now(), needed=time_needed())
    row.claim_expires_at = timezone.now() + settings.EMAIL_SEND_TIMEOUT + timedelta(seconds=4)
    assert not outlives_a_send(row, now=timezone.now(), needed=time_needed())


def test_a_hung_provider_is_left_after_the_timeout(
    enqueued: Enqueued, sink: SmtpSink, settings: Any, use_providers: Callable[..., None]
) -> None:
    settings.EMAIL_SEND_TIMEOUT = timedelta(seconds=1)
    sink.queue(hang(accept=False))
    row = deliver_one(enqueued())
    attempt = row.attempts.get()
    assert attempt.outcome == AttemptOutcome.UNKNOWN
    assert timedelta(seconds=0.9) < attempt.duration < timedelta(seconds=5)


def test_who_records_too_late_changes_nothing_but_writes_its_attempt(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    [late] = claim([Ticketed(row.id, 0)], now=now)
    Notification.objects.update(
        status=Status.RETRYING, next_attempt_at=now, claim_expires_at=None, relay_at=now
    )
    [current] = claim([Ticketed(row.id, 1)], now=now)
    attempt = DeliveryAttempt(
        notification=late,
        ticket=late.ticket,
        number=1,
        provider="smtp",
        phase=Phase.RESPONSE,
        outcome=AttemptOutcome.PERMANENT,
        started_at=now,
        duration=timedelta(),
        next_step=NextStep.DEAD_LETTER,
    )
    settlement = Settlement(notification=late, to=Status.FAILED, at=now, attempts=[attempt])
    assert record([settlement]) == 0
    row.refresh_from_db()
    assert (row.status, row.ticket) == (Status.SENDING, current.ticket)
    assert row.attempts.get().ticket == late.ticket


def test_an_acceptance_that_comes_late_still_stops_a_second_mail(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    [late] = claim([Ticketed(row.id, 0)], now=now)
    Notification.objects.update(
        status=Status.RETRYING, next_attempt_at=now, claim_expires_at=None, relay_at=now
    )
    settlement = Settlement(
        notification=late, to=Status.SENT, at=now, changes={"sent_at": now, "provider": "smtp"}
    )
    assert record([settlement]) == 1
    assert claim([Ticketed(row.id, 1)], now=now) == []
    assert Notification.objects.get().status == Status.SENT


def test_the_rollup_counts_attempts_and_endings(enqueued: Enqueued, sink: SmtpSink) -> None:
    first = enqueued()
    sink.queue(refuse("451 4.3.0 Try again later"))
    for row in (first, enqueued(), enqueued()):
        deliver_one(row)
    counted: dict[tuple[str, str], int] = {}
    for line in DeliveryRollup.objects.all():
        key = (line.provider, line.outcome)
        counted[key] = counted.get(key, 0) + line.count
    assert counted[("smtp", "attempt.accepted")] == 2
    assert counted[("smtp", "attempt.transient")] == 1
    assert (counted[("", "sent")], counted[("", "retrying")]) == (2, 1)


def test_a_provider_can_tell_a_second_copy_but_not_a_second_try_after_a_refusal(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    row = enqueued()
    named = []
    for fault in (
        refuse("451 4.3.0 Try again later"),
        disconnect(at=Stage.BODY),
        disconnect(at=Stage.BODY),
        refuse("451 4.3.0 Try again later"),
    ):
        sink.queue(fault)
        deliver_one(row)
        named.append(row.doubted_ticket)
        make_due(row)
    assert named == [None, 2, 2, None]


def test_a_mistake_of_ours_in_a_batch_costs_nobody_an_attempt(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(3)]
    noted = iter([None, RuntimeError("a mistake")])

    def note_success(alias: str) -> None:
        if (error := next(noted)) is not None:
            raise error

    monkeypatch.setattr("notifications.handover.routing.note_success", note_success)
    with pytest.raises(RuntimeError, match="a mistake"):
        deliver([Ticketed(row.id, 0) for row in rows], retries_in_broker=False)
    statuses = sorted(Notification.objects.values_list("status", "attempt_count"))
    assert statuses == [(Status.QUEUED, 0), (Status.SENT, 1), (Status.SENT, 1)]
    assert len(sink.messages) == 2


def test_live_mail_that_waits_is_sent_as_one_batch_and_its_messages_find_nothing(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    rows = [enqueued() for _ in range(12)]
    assert deliver_waiting() == 12
    assert deliver_waiting() == 0
    for row in rows:
        assert deliver([Ticketed(row.id, 0)], retries_in_broker=True).delivered == []
    assert len(sink.messages) == 12
    assert not Notification.objects.exclude(status=Status.SENT).exists()


def test_live_mail_right_after_another_takes_along_what_waits_behind_it(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(5)]
    monkeypatch.setattr(delivery._ended, "at", float("-inf"))
    deliver_live(Ticketed(rows[0].id, 0))
    assert len(sink.messages) == 1, "nobody was waiting, as far as is known"
    monkeypatch.setattr(delivery, "BACK_TO_BACK", 60.0)
    deliver_live(Ticketed(rows[1].id, 0))
    assert len(sink.messages) == 5


def test_messages_that_wait_for_the_same_moment_come_back_a_little_apart() -> None:
    now = timezone.now()
    until = now + timedelta(seconds=5)
    waits = Report(delivered=[], until=until)
    times = {at for _ in range(20) if (at := waits.comes_back_at(now=now)) is not None}
    assert len(times) == 20
    assert until <= min(times) <= max(times) <= until + SPREAD


@pytest.mark.parametrize("wait", [None, RETRY_IN_BROKER + timedelta(seconds=1)])
def test_no_message_comes_back_for_what_does_not_wait_or_waits_for_long(
    wait: timedelta | None,
) -> None:
    now = timezone.now()
    report = Report(delivered=[], until=None if wait is None else now + wait)
    assert report.comes_back_at(now=now) is None
