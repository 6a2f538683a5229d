"""The thread that publishes what was committed."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from notifications import announcing, publishing, queues
from notifications.announcing import Announcer
from notifications.outbox import NewNotification, enqueue
from notifications.tickets import Ticketed
from tests.support.valkey import ValkeyServer

SOON = timedelta(seconds=10)


def ticket() -> Ticketed:
    """Return a ticket of some notification."""
    return Ticketed(uuid4(), 0)


class Recording:
    """Publishes by remembering, held up for as long as `gate` is closed."""

    def __init__(self) -> None:
        self.published: list[list[Ticketed]] = []
        self.gate = threading.Event()
        self.begun = threading.Event()

    def __call__(self, tickets: Sequence[Ticketed]) -> None:
        self.begun.set()
        assert self.gate.wait(10)
        self.published.append(list(tickets))


def test_what_comes_while_the_broker_is_slow_goes_out_together() -> None:
    recording = Recording()
    announcer = Announcer(recording, collect=lambda: False)
    first, second, third = ticket(), ticket(), ticket()
    announcer.announce([first])
    assert recording.begun.wait(10)
    announcer.announce([second])
    announcer.announce([third])
    assert not announcer.flush(within=timedelta(seconds=0))
    recording.gate.set()
    assert announcer.flush(within=SOON)
    assert recording.published == [[first], [second, third]]


def test_a_mistake_of_ours_does_not_end_the_thread() -> None:
    seen: list[Sequence[Ticketed]] = []

    def fail_once(tickets: Sequence[Ticketed]) -> None:
        seen.append(tickets)
        if len(seen) == 1:
            raise ValueError("once")

    announcer = Announcer(fail_once, collect=lambda: False)
    announcer.announce([ticket()])
    assert announcer.flush(within=SOON)
    announcer.announce([ticket()])
    assert announcer.flush(within=SOON)
    assert len(seen) == 2


def test_more_than_memory_should_hold_is_left_to_the_relay() -> None:
    recording = Recording()
    announcer = Announcer(recording, collect=lambda: False)
    announcer.announce([ticket()])
    assert recording.begun.wait(10)
    announcer.announce([ticket()] * announcing.MOST_WAITING)
    announcer.announce([ticket()])
    recording.gate.set()
    assert announcer.flush(within=SOON)
    assert [len(some) for some in recording.published] == [1, announcing.MOST_WAITING]


class RecordingAhead:
    """Publishes ahead by remembering, held up while `gate` is closed, and with this success."""

    def __init__(self, *, succeeds: bool = True) -> None:
        self.published: list[Sequence[Ticketed]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.succeeds = succeeds

    def __call__(self, tickets: Sequence[Ticketed]) -> bool:
        self.begun.set()
        assert self.gate.wait(10)
        self.published.append(tickets)
        return self.succeeds


def opened(recording: Recording) -> Recording:
    """Let it publish at once."""
    recording.gate.set()
    return recording


def test_what_is_announced_ahead_is_published_without_its_commit() -> None:
    after, before = opened(Recording()), RecordingAhead()
    announcer = Announcer(after, collect=lambda: False, publish_ahead=before)
    tickets = [ticket()]
    ahead = announcer.announce_ahead(tickets)
    assert announcer.flush(within=SOON)
    assert before.published == [tickets]
    assert ahead is not None
    assert announcer.committed(ahead)
    assert announcer.flush(within=SOON)
    assert after.published == []


def test_what_could_not_be_published_ahead_does_not_stand() -> None:
    after, before = opened(Recording()), RecordingAhead(succeeds=False)
    announcer = Announcer(after, collect=lambda: False, publish_ahead=before)
    ahead = announcer.announce_ahead([ticket()])
    assert announcer.flush(within=SOON)
    assert ahead is not None
    assert not announcer.committed(ahead)
    assert after.published == [], "that is for who commits to do"


@pytest.mark.parametrize("ends", ["in vain", "by mistake"])
def test_what_fails_while_its_transaction_commits_is_published_then(ends: str) -> None:
    after, before = opened(Recording()), RecordingAhead(succeeds=False)
    before.gate.clear()

    def publish_ahead(tickets: Sequence[Ticketed]) -> bool:
        found = before(tickets)
        if ends == "by mistake":
            raise ValueError("once")
        return found

    announcer = Announcer(after, collect=lambda: False, publish_ahead=publish_ahead)
    tickets = [ticket()]
    ahead = announcer.announce_ahead(tickets)
    assert before.begun.wait(10)
    assert ahead is not None
    assert announcer.committed(ahead), "it may yet succeed"
    before.gate.set()
    assert announcer.flush(within=SOON)
    assert after.published == [tickets]


def test_a_mistake_of_ours_with_one_leaves_nobody_else_without_an_answer() -> None:
    after, before = Recording(), RecordingAhead()

    def fail_once(tickets: Sequence[Ticketed]) -> bool:
        if len(tickets) == 2:
            raise ValueError("two")
        return before(tickets)

    announcer = Announcer(after, collect=lambda: False, publish_ahead=fail_once)
    announcer.announce([ticket()])
    assert after.begun.wait(10)
    first, second = announcer.announce_ahead([ticket()] * 2), announcer.announce_ahead([ticket()])
    after.gate.set()
    assert announcer.flush(within=SOON)
    assert first is not None
    assert second is not None
    assert (announcer.committed(first), announcer.committed(second)) == (False, True)


def test_what_commits_before_the_thread_gets_to_it_is_announced_as_usual() -> None:
    after, before = Recording(), RecordingAhead()
    announcer = Announcer(after, collect=lambda: False, publish_ahead=before)
    announcer.announce([ticket()])
    assert after.begun.wait(10)
    ahead = announcer.announce_ahead([ticket()])
    assert ahead is not None
    assert not announcer.committed(ahead)
    after.gate.set()
    assert announcer.flush(within=SOON)
    assert before.published == []


def test_nothing_overtakes_mail_that_waits() -> None:
    after, before = Recording(), RecordingAhead()
    announcer = Announcer(after, collect=lambda: False, publish_ahead=before)
    announcer.announce([ticket()])
    assert after.begun.wait(10)
    announcer.announce([ticket()])
    assert announcer.announce_ahead([ticket()]) is None
    after.gate.set()
    assert announcer.flush(within=SOON)


def test_where_mail_goes_out_together_none_goes_ahead() -> None:
    after, before = opened(Recording()), RecordingAhead()
    announcer = Announcer(after, collect=lambda: True, publish_ahead=before)
    ahead = announcer.announce_ahead([ticket()])
    assert announcer.flush(within=SOON)
    assert ahead is not None
    assert not announcer.committed(ahead)
    assert before.published == []


@pytest.mark.django_db(transaction=True)
def test_mail_that_workers_are_behind_with_goes_out_in_batches(
    valkey: ValkeyServer, new_notification: Callable[..., NewNotification]
) -> None:
    several = announcing.BATCH + publishing.DEEP
    with transaction.atomic():
        enqueue([new_notification() for _ in range(several)])
    with valkey.client() as client:
        assert client.llen(queues.LIVE) == 2
