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


@pytest.mark.django_db(transaction=True)
def test_mail_that_workers_are_behind_with_goes_out_in_batches(
    valkey: ValkeyServer, new_notification: Callable[..., NewNotification]
) -> None:
    several = announcing.BATCH + publishing.DEEP
    with transaction.atomic():
        enqueue([new_notification() for _ in range(several)])
    with valkey.client() as client:
        assert client.llen(queues.LIVE) == 2
