"""Celery's doors, with a real worker on a real broker: what it times, and what the row decides."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from django.db import connection, transaction
from django.utils import timezone

from config.celery import app
from notifications import claims, delivery, queues
from notifications.models import AttemptOutcome, Heartbeat, Notification
from notifications.outbox import NewNotification, enqueue
from notifications.publishing import (
    publish_ahead,
    publish_batch,
    publish_later,
    publish_live,
    publisher,
)
from notifications.states import Status
from notifications.tickets import Ticketed
from providers import connections
from templating import live
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp, rate_limited
from tests.support.smtp_sink import SmtpSink, refuse
from tests.support.valkey import ValkeyServer

Enqueued = Callable[..., Notification]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("greeting_templates", "valkey"),
]
TRY_LATER = refuse("451 4.3.0 Try again later")
PATIENCE = 15.0  # seconds


@pytest.fixture
def published() -> Iterator[list[dict[str, Any]]]:
    """The headers of each `deliver` message that this process publishes, in order."""
    seen: list[dict[str, Any]] = []

    def note(headers: dict[str, Any], **_: Any) -> None:
        seen.append(headers)

    signals.before_task_publish.connect(note, sender=queues.DELIVER, weak=False)
    yield seen
    signals.before_task_publish.disconnect(note, sender=queues.DELIVER)


@contextmanager
def running_worker() -> Iterator[None]:
    """Run a Celery worker in a thread of this process, on all queues."""

    def close_kept_connection(**_: Any) -> None:
        connections.reset()  # the thread ends with the test, and must not leave a socket behind

    signals.task_postrun.connect(close_kept_connection)
    with start_worker(
        app, pool="solo", perform_ping_check=False, queues=queues.ALL, shutdown_timeout=20
    ):
        yield
    signals.task_postrun.disconnect(close_kept_connection)


@pytest.fixture
def worker(valkey: ValkeyServer) -> Iterator[None]:
    """A worker that runs for as long as the test."""
    with running_worker():
        yield


def until(condition: Callable[[], bool], *, what: str) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.02)


def standing(row: Notification, *statuses: Status) -> Callable[[], bool]:
    """Return the condition that the row has come to one of these states."""

    def stands() -> bool:
        row.refresh_from_db()
        return row.status in statuses

    return stands


def eta(headers: dict[str, Any]) -> datetime:
    """Return when Celery will start the task."""
    return datetime.fromisoformat(headers["eta"])


def test_what_commits_is_delivered(enqueued: Enqueued, sink: SmtpSink, worker: None) -> None:
    row = enqueued()
    until(standing(row, Status.SENT), what="sent")
    assert len(sink.messages) == 1


def test_celerys_countdown_is_the_rows_next_attempt_and_its_retries_the_ticket(
    enqueued: Enqueued, sink: SmtpSink, worker: None, published: list[dict[str, Any]]
) -> None:
    sink.queue(TRY_LATER)
    row = enqueued()
    until(lambda: len(published) == 2, what="the retry published")
    row.refresh_from_db()
    first, second = published
    assert (first["eta"], first["retries"]) == (None, 0)
    assert (row.status, row.ticket, second["retries"]) == (Status.RETRYING, 1, 1)
    assert row.next_attempt_at is not None
    # Never early, for an early claim is refused; and no later than a breath.
    assert timedelta() < eta(second) - row.next_attempt_at < timedelta(seconds=0.5)
    assert row.relay_at == row.next_attempt_at + timedelta(seconds=30)


def test_a_retried_mail_is_sent_at_its_time(
    enqueued: Enqueued, sink: SmtpSink, worker: None, settings: Any
) -> None:
    settings.RETRY_FIRST_DELAY, settings.RETRY_FLOOR = timedelta(seconds=1), timedelta(seconds=0.5)
    sink.queue(TRY_LATER, TRY_LATER)
    row = enqueued()
    until(standing(row, Status.SENT), what="sent")
    first, second, third = row.attempts.all()
    assert second.started_at >= first.next_attempt_at
    assert third.started_at >= second.next_attempt_at
    assert (row.attempt_count, row.ticket, len(sink.messages)) == (3, 3, 1)


def test_twenty_copies_of_a_message_send_one_mail(
    enqueued: Enqueued, sink: SmtpSink, valkey: ValkeyServer, request: pytest.FixtureRequest
) -> None:
    row = enqueued()
    for _ in range(19):
        publish_live([Ticketed(row.id, 0)])
    with valkey.client() as client:
        assert client.llen(queues.LIVE) == 20
    request.getfixturevalue("worker")
    until(standing(row, Status.SENT), what="sent")
    until(publisher_sees_nothing, what="all copies taken")
    assert (len(sink.messages), row.attempts.count()) == (1, 1)


def publisher_sees_nothing() -> bool:
    """Return whether the live queue is empty."""
    publisher._depths.clear()
    return publisher.depth(queues.LIVE) == 0


def test_a_worker_holds_messages_in_its_memory_and_gives_back_what_it_has_not_begun(
    enqueued: Enqueued, sink: SmtpSink, valkey: ValkeyServer
) -> None:
    sent, later = enqueued(), enqueued()
    publish_live([Ticketed(sent.id, 0)])
    publish_later(Ticketed(later.id, 0), at=timezone.now() + timedelta(minutes=1))
    with valkey.client() as client:
        with running_worker():
            until(standing(sent, Status.SENT), what="sent")
            until(publisher_sees_nothing, what="both taken")
            assert client.keys("unacked*") == []
        assert client.llen(queues.LIVE) == 1


def test_what_the_next_mail_would_wait_for_is_asked_when_this_one_is_out(
    enqueued: Enqueued,
    sink: SmtpSink,
    valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    live.refresh(now=True)
    # So long that it does not become due by itself, however slowly the worker starts.
    monkeypatch.setattr(live, "ASKED_EVERY", 3600.0)
    half_old = time.monotonic() - 0.6 * live.ASKED_EVERY
    monkeypatch.setattr(live._seen, "asked_at", half_old)
    row = enqueued()
    publish_live([Ticketed(row.id, 0)])
    request.getfixturevalue("worker")
    until(standing(row, Status.SENT), what="sent")
    until(lambda: live._seen.asked_at > half_old, what="asked")


def test_retry_after_is_heeded_by_row_and_message(
    enqueued: Enqueued,
    use_providers: Callable[..., None],
    worker: None,
    published: list[dict[str, Any]],
) -> None:
    with FakeEsp() as esp:
        use_providers(
            EMAIL_PROVIDERS="postmark",
            POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN,
            POSTMARK_API_URL=esp.url,
        )
        esp.queue(rate_limited(retry_after=7))
        before = timezone.now()
        row = enqueued()
        until(standing(row, Status.RETRYING), what="refused")
        until(lambda: len(published) == 2, what="the retry published")
        attempt = row.attempts.get()
        assert attempt.outcome == AttemptOutcome.TRANSIENT
        assert row.next_attempt_at - before >= timedelta(seconds=7)
        assert eta(published[1]) >= row.next_attempt_at
        # Another mail does not disturb the provider meanwhile, and burns no attempt over it.
        other = enqueued()
        until(lambda: _postponed(other), what="postponed")
        assert (other.status, other.attempt_count, other.ticket) == (Status.QUEUED, 0, 0)
        assert other.relay_at - before >= timedelta(seconds=7)
        # Its message comes back then, as it was, ahead of the backlog.
        until(lambda: len(published) == 4, what="its message published for later")
        assert published[3]["retries"] == 0
        assert timedelta(seconds=7) <= eta(published[3]) - before < timedelta(seconds=10)
        assert esp.messages == []


def _postponed(row: Notification) -> bool:
    row.refresh_from_db()
    return row.error_kind == "waiting"


def test_what_fails_in_a_batch_waits_in_its_row(
    enqueued: Enqueued,
    sink: SmtpSink,
    valkey: ValkeyServer,
    worker: None,
    published: list[dict[str, Any]],
) -> None:
    valkey.freeze()  # so that the mails are not published live when they commit
    rows = [enqueued(), enqueued()]
    valkey.thaw()
    publisher.reset()
    sink.queue(TRY_LATER, to=rows[0].recipient)
    publish_batch([Ticketed(row.id, 0) for row in rows])
    until(standing(rows[0], Status.RETRYING), what="refused")
    until(standing(rows[1], Status.SENT), what="sent")
    assert rows[0].relay_at == rows[0].next_attempt_at, "the relay publishes it when it is due"
    assert published == [], "and Celery holds nothing for it"


def test_a_long_wait_stays_in_the_row(
    enqueued: Enqueued,
    sink: SmtpSink,
    worker: None,
    published: list[dict[str, Any]],
    settings: Any,
) -> None:
    settings.RETRY_FLOOR = timedelta(minutes=2)
    sink.queue(TRY_LATER)
    row = enqueued()
    until(standing(row, Status.RETRYING), what="refused")
    assert row.relay_at == row.next_attempt_at
    assert len(published) == 1


def test_the_relay_task_shows_that_beat_and_worker_reach_each_other(worker: None) -> None:
    app.send_task(queues.RELAY, queue=queues.PERIODIC)
    until(lambda: Heartbeat.objects.filter(component="relay").exists(), what="a sign of life")


def test_a_message_that_comes_before_its_commit_is_heeded(
    new_notification: Callable[..., NewNotification],
    sink: SmtpSink,
    monkeypatch: pytest.MonkeyPatch,
    worker: None,
) -> None:
    monkeypatch.setattr(delivery, "COMMIT_PATIENCE", timedelta(seconds=PATIENCE))
    missed = threading.Event()
    really = claims.claim

    def claim(*args: Any, **options: Any) -> list[Notification]:
        claimed = really(*args, **options)
        if not claimed:
            missed.set()
        return claimed

    monkeypatch.setattr(claims, "claim", claim)
    with transaction.atomic():
        [row] = enqueue([new_notification(send_at=timezone.now() + timedelta(hours=1))])
        Notification.objects.filter(pk=row.pk).update(next_attempt_at=None)
        assert publish_ahead([Ticketed(row.id, row.ticket)])
        # On SQLite the claim waits for its turn to write, and misses nothing.
        assert missed.wait(0.2 if connection.vendor == "sqlite" else PATIENCE) is not (
            connection.vendor == "sqlite"
        )
    until(standing(row, Status.SENT), what="sent")
    assert len(sink.messages) == 1
