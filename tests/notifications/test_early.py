"""Mail that is announced before it commits: what it takes, and that nothing hangs on it."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifications import claims, delivery, early, queues
from notifications.announcing import Ahead, announcer
from notifications.delivery import deliver_live
from notifications.early import ENOUGH, LATE, MOST, QUICK, SETBACK, Announcement
from notifications.journal import journal
from notifications.models import Notification
from notifications.outbox import NewNotification, enqueue
from notifications.publishing import FEW, publish_ahead, publisher
from notifications.states import Status
from notifications.tickets import AWAITS_COMMIT, Ticketed
from tests.support.smtp_sink import SmtpSink
from tests.support.valkey import ValkeyServer

Enqueued = Callable[..., Notification]
New = Callable[..., NewNotification]


def tickets(count: int = 1) -> list[Ticketed]:
    """Return what is about to become due."""
    return [Ticketed(uuid4(), 0) for _ in range(count)]


class Board:
    """Stands in for the thread that announces: what it was told, in order."""

    def __init__(self) -> None:
        self.ahead: list[Sequence[Ticketed]] = []
        self.after: list[Sequence[Ticketed]] = []
        self.stands = True

    def announce(self, due: Sequence[Ticketed]) -> None:
        """Take note of what has committed."""
        self.after.append(due)

    def announce_ahead(self, due: Sequence[Ticketed]) -> Ahead | None:
        """Take note of what is about to."""
        self.ahead.append(due)
        return Ahead(due)

    def committed(self, ahead: Ahead) -> bool:
        """Return whether what was announced need not be announced again."""
        return self.stands


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds, as `early` sees it."""
    now = [1000.0]
    monkeypatch.setattr(early.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> Board:
    """What `early` announces, in a thread without credit."""
    board = Board()
    monkeypatch.setattr(early, "announcer", board)
    monkeypatch.setattr(early, "ENOUGH", ENOUGH)
    monkeypatch.setattr(early._thread, "credit", 0)
    return board


def commit(due: Sequence[Ticketed], *, clock: list[float], after: timedelta) -> None:
    """Enqueue and commit, after so much time."""
    announcement = Announcement(due)
    clock[0] += after.total_seconds()
    announcement.committed(due)


def earn(credit: int, *, clock: list[float]) -> None:
    """Let so many quick commits pass."""
    for _ in range(credit):
        commit(tickets(), clock=clock, after=QUICK)


def test_mail_is_announced_early_after_enough_quick_commits(
    board: Board, clock: list[float]
) -> None:
    earn(ENOUGH, clock=clock)
    assert (len(board.ahead), len(board.after)) == (0, ENOUGH)
    due = tickets()
    commit(due, clock=clock, after=QUICK)
    assert (board.ahead, len(board.after)) == ([due], ENOUGH)


def test_a_commit_that_is_late_announces_once_more(board: Board, clock: list[float]) -> None:
    earn(ENOUGH, clock=clock)
    board.after.clear()
    due = tickets()
    commit(due, clock=clock, after=LATE + timedelta(milliseconds=1))
    assert (board.ahead, board.after) == ([due], [due])


def test_what_could_not_be_announced_early_is_announced_by_its_commit(
    board: Board, clock: list[float]
) -> None:
    earn(ENOUGH, clock=clock)
    board.after.clear()
    board.stands = False
    due = tickets()
    commit(due, clock=clock, after=QUICK)
    assert board.after == [due]


@pytest.mark.parametrize("mishap", ["rolled back", "slow", "not all due"])
def test_one_mishap_in_four_is_too_many(board: Board, clock: list[float], mishap: str) -> None:
    for round_ in range(50):
        if round_ % 4:
            commit(tickets(), clock=clock, after=QUICK)
        else:
            unlucky(mishap, clock=clock)
    assert board.ahead == []


@pytest.mark.parametrize("mishap", ["rolled back", "slow", "not all due"])
def test_a_single_mishap_changes_nothing_and_a_few_do(
    board: Board, clock: list[float], mishap: str
) -> None:
    earn(MOST + 1, clock=clock)
    unlucky(mishap, clock=clock)
    board.ahead.clear()
    earn(1, clock=clock)
    assert len(board.ahead) == 1
    for _ in range(MOST // SETBACK):
        unlucky(mishap, clock=clock)
    board.ahead.clear()
    earn(ENOUGH, clock=clock)
    assert board.ahead == []


def unlucky(mishap: str, *, clock: list[float]) -> None:
    """Enqueue something that does not become due as expected."""
    if mishap == "slow":
        commit(tickets(), clock=clock, after=QUICK + timedelta(milliseconds=1))
        return
    due = tickets(2)
    announcement = Announcement(due)
    if mishap == "not all due":  # the other one was there already
        announcement.committed(due[:1])


@pytest.mark.parametrize("count", [0, FEW + 1])
def test_none_and_many_are_neither_announced_early_nor_counted(
    board: Board, clock: list[float], count: int
) -> None:
    earn(ENOUGH, clock=clock)
    for after in (QUICK, 2 * QUICK):
        for _ in range(MOST):
            commit(tickets(count), clock=clock, after=after)
            Announcement(tickets(count))  # rolled back
    assert (board.ahead, early._thread.credit) == ([], ENOUGH)
    Announcement(tickets(FEW))
    assert len(board.ahead) == 1


def test_each_thread_earns_its_own_credit(board: Board, clock: list[float]) -> None:
    earn(ENOUGH, clock=clock)
    other = threading.Thread(target=lambda: commit(tickets(), clock=clock, after=QUICK))
    other.start()
    other.join()
    assert board.ahead == []


def test_who_waits_for_a_row_is_more_patient_than_who_announces_it_again() -> None:
    assert delivery.COMMIT_PATIENCE > LATE


# From here on with the real thread, broker and database.


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this thread's commits count as quick, whatever this machine does."""
    monkeypatch.setattr(early, "ENOUGH", ENOUGH)
    monkeypatch.setattr(early, "QUICK", timedelta(hours=1))
    monkeypatch.setattr(early, "LATE", timedelta(hours=1))
    monkeypatch.setattr(early._thread, "credit", MOST)


def messages(valkey: ValkeyServer) -> list[dict[str, Any]]:
    """Return the live messages, the oldest first."""
    with valkey.client() as client:
        found = [json.loads(text) for text in client.lrange(queues.LIVE, 0, -1)]
    return found[::-1]


def awaits(message: dict[str, Any]) -> bool:
    """Return whether a message says that its row may be on its way."""
    return message["headers"].get(AWAITS_COMMIT, False) is True


@pytest.mark.django_db(transaction=True)
def test_the_message_is_out_before_the_commit_and_there_is_no_second(
    valkey: ValkeyServer, new_notification: New, trusted: None
) -> None:
    with transaction.atomic():
        enqueue([new_notification()])
        assert announcer.flush()
        [before] = messages(valkey)
    assert announcer.flush()
    assert messages(valkey) == [before]
    assert awaits(before)


@pytest.mark.django_db(transaction=True)
def test_without_credit_the_message_follows_the_commit(
    valkey: ValkeyServer, new_notification: New, trusted: None
) -> None:
    early._thread.credit = ENOUGH - 1
    with transaction.atomic():
        enqueue([new_notification()])
        assert announcer.flush()
        assert messages(valkey) == []
    [after] = messages(valkey)
    assert not awaits(after)


@pytest.mark.django_db(transaction=True)
def test_what_is_to_be_sent_later_is_not_announced(
    valkey: ValkeyServer, new_notification: New, trusted: None
) -> None:
    with transaction.atomic():
        enqueue([new_notification(send_at=timezone.now() + timedelta(hours=1))])
    assert announcer.flush()
    assert messages(valkey) == []


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_relay_publishes_what_was_announced_early(
    valkey: ValkeyServer, new_notification: New, trusted: None
) -> None:
    valkey.kill()
    publisher.reset()
    with transaction.atomic():
        [row] = enqueue([new_notification()])
        assert announcer.flush()
    assert announcer.flush()
    later = Notification.objects.get(pk=row.pk)
    assert later.relay_at is not None
    assert row.relay_at is not None
    assert later.relay_at < row.relay_at, "left to the relay's next sweep"


@contextmanager
def pending(row: NewNotification, *, undo: bool = False) -> Iterator[tuple[Ticketed, Any]]:
    """Enqueue in another thread, which commits (or rolls back) when the event is set."""
    told: list[Ticketed] = []
    enqueued, go = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                [made] = enqueue([row])
                told.append(Ticketed(made.id, made.ticket))
                enqueued.set()
                assert go.wait(20)
                transaction.set_rollback(undo)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert enqueued.wait(20)
        yield told[0], go
    finally:
        go.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("greeting_templates", "valkey")
def test_who_gets_the_message_first_waits_for_the_row(
    new_notification: New, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "COMMIT_PATIENCE", timedelta(seconds=20))
    looks = []
    really = claims._is_there

    with pending(new_notification()) as (ticketed, go):

        def look(identifier: Any) -> bool:
            looks.append(identifier)
            if len(looks) == 3:
                go.set()
            return really(identifier)

        monkeypatch.setattr(claims, "_is_there", look)
        if connection.vendor == "sqlite":  # where its claim waits for its turn to write
            threading.Timer(0.2, go.set).start()
        [delivered] = deliver_live(ticketed, awaits_commit=True).delivered
    assert delivered.status == Status.SENT
    assert len(sink.messages) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("greeting_templates", "valkey")
def test_what_is_rolled_back_is_waited_for_a_moment_and_leaves_nothing(
    new_notification: New, sink: SmtpSink
) -> None:
    with pending(new_notification(), undo=True) as (ticketed, go):
        if connection.vendor == "sqlite":  # nobody else can write meanwhile
            go.set()
        began = time.monotonic()
        report = deliver_live(ticketed, awaits_commit=True)
        waited = time.monotonic() - began
    assert (report.delivered, list(report.waiting)) == ([], [])
    assert waited >= delivery.COMMIT_PATIENCE.total_seconds()
    assert journal.unrecorded() == []
    assert sink.messages == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("greeting_templates", "valkey")
def test_who_has_no_reason_to_wait_does_not(
    new_notification: New, sink: SmtpSink, enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(identifier: Any) -> bool:
        raise AssertionError("looked for a row")

    row = enqueued()
    monkeypatch.setattr(claims, "_is_there", look)
    assert deliver_live(Ticketed(row.id, 0), awaits_commit=True).delivered
    assert not deliver_live(Ticketed(uuid4(), 0)).delivered


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("greeting_templates", "valkey")
def test_a_message_whose_ticket_is_taken_ends_although_it_awaits_a_commit(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "COMMIT_PATIENCE", timedelta(hours=1))
    row = enqueued()
    assert deliver_live(Ticketed(row.id, 0), awaits_commit=True).delivered
    assert not deliver_live(Ticketed(row.id, 0), awaits_commit=True).delivered
    assert len(sink.messages) == 1


def test_ahead_of_the_commit_the_queue_has_a_bound_too(valkey: ValkeyServer, settings: Any) -> None:
    settings.BROKER_QUEUE_BOUND = 1
    assert publish_ahead(tickets(1))
    publisher.reset()
    assert not publish_ahead(tickets(1))
    assert len(messages(valkey)) == 1
