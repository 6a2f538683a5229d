"""A broker that is refused, hung or black-holed holds nobody up, and is used when it is back."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app

from notifications import publishing, queues
from notifications.publishing import (
    BATCH,
    DEEP,
    DEEP_KEPT,
    DEPTH_KEPT,
    FEW,
    BrokerUnavailable,
    is_behind,
    publish_batch,
    publish_live,
    publisher,
)
from notifications.tickets import Ticketed
from tests.support.valkey import ValkeyServer

BOUND = 1.0  # seconds; an order may take 1.5, broker and all
AT_ONCE = 0.02


def tickets(count: int = 1) -> list[Ticketed]:
    """Return what to publish."""
    return [Ticketed(uuid4(), 0) for _ in range(count)]


def timed(action: Callable[[], Any]) -> float:
    """Return how many seconds `action` takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def waiting(valkey: ValkeyServer, queue: str = queues.LIVE) -> int:
    """Return how many messages lie in a queue."""
    with valkey.client() as client:
        return client.llen(queue)


def let_respite_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time have passed during which a failed broker is left alone."""
    monkeypatch.setattr(publishing.Publisher, "_resume_at", time.monotonic())


@contextmanager
def black_hole() -> Iterator[str]:
    """Give the address of a server whose connections are never taken up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        host, port = listener.getsockname()
        fillers = []
        for _ in range(4):  # the queue of the kernel is full after these: SYNs are dropped
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((host, port))
            fillers.append(filler)
        yield f"redis://{host}:{port}/0"
        for filler in fillers:
            filler.close()


def test_what_is_published_lies_in_its_queue(valkey: ValkeyServer) -> None:
    assert publish_live(tickets(3)) == 3
    publish_batch(tickets(100))
    assert (waiting(valkey), waiting(valkey, queues.BACKLOG)) == (3, 1)


def test_a_refused_broker_is_noticed_at_once(valkey: ValkeyServer) -> None:
    valkey.kill()
    assert timed(lambda: publish_live(tickets())) < BOUND
    assert timed(lambda: publish_live(tickets())) < AT_ONCE


def test_a_broker_that_dies_under_a_kept_connection_is_noticed(valkey: ValkeyServer) -> None:
    assert publish_live(tickets()) == 1
    valkey.kill()
    assert timed(lambda: publish_live(tickets())) < BOUND
    assert publish_live(tickets()) == 0


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not yet connected"])
def test_a_hung_broker_costs_one_caller_a_moment_and_the_next_ones_nothing(
    valkey: ValkeyServer, connected: bool
) -> None:
    if connected:
        publish_live(tickets())
        publisher._depths.clear()
    valkey.freeze()
    assert timed(lambda: publish_live(tickets())) < BOUND
    assert timed(lambda: publish_live(tickets(100))) < AT_ONCE


def test_a_black_holed_broker_costs_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    with black_hole() as url:
        monkeypatch.setattr(current_app.conf, "broker_url", url)
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)
        assert timed(lambda: publish_live(tickets())) < BOUND
        assert timed(lambda: publish_live(tickets())) < AT_ONCE
        publisher.close()


def test_a_batch_that_is_not_published_says_so(valkey: ValkeyServer) -> None:
    valkey.kill()
    with pytest.raises(BrokerUnavailable):
        publish_batch(tickets())


@pytest.mark.parametrize("fault", ["freeze", "kill"])
def test_when_the_broker_is_back_it_is_used_again(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    getattr(valkey, fault)()
    publish_live(tickets())
    valkey.thaw()
    valkey.start()
    assert publish_live(tickets()) == 0, "it is left alone for a while"
    let_respite_pass(monkeypatch)
    before = waiting(valkey)
    assert publish_live(tickets(2)) == 2
    assert waiting(valkey) == before + 2


def test_a_restarted_broker_costs_a_kept_connection_no_message(valkey: ValkeyServer) -> None:
    publish_live(tickets())
    valkey.kill()
    valkey.start()
    assert publish_live(tickets()) == 1
    assert waiting(valkey) == 1


@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "new"])
def test_only_a_kept_connection_that_fails_is_worth_a_fresh_one(is_kept: bool) -> None:
    seen: list[object] = []

    def fail_once(connection: object) -> int:
        seen.append(connection)
        if len(seen) == 1:
            raise ConnectionResetError
        return 7

    if is_kept:
        publish_live(tickets())
        assert publisher._exchange(fail_once) == 7
        assert len(set(map(id, seen))) == 2
    else:
        with pytest.raises(BrokerUnavailable):
            publisher._exchange(fail_once)
        assert len(seen) == 1


def test_a_full_queue_takes_no_more_live_mail(valkey: ValkeyServer, settings: Any) -> None:
    settings.BROKER_QUEUE_BOUND = 3
    publish_live(tickets(3))
    publisher._depths.clear()
    assert publish_live(tickets()) == 0
    assert waiting(valkey) == 3


def test_one_transaction_stops_at_the_bound_too(valkey: ValkeyServer, settings: Any) -> None:
    settings.BROKER_QUEUE_BOUND = 3
    assert publish_live(tickets(5)) == 3
    assert publish_live(tickets(5)) == 0, "within the second for which a depth is believed"
    assert waiting(valkey) == 3


def asked_for_depth(valkey: ValkeyServer) -> int:
    """Return how often the broker was asked how long a queue is."""
    with valkey.client() as client:
        return int(client.info("commandstats").get("cmdstat_llen", {"calls": 0})["calls"])


def test_redis_tells_with_each_message_how_many_there_are(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_live(tickets())  # its form is learned
    before, now = asked_for_depth(valkey), time.monotonic()
    monkeypatch.setattr("notifications.publishing.time.monotonic", lambda: now)
    for sent in range(1, 4):
        now += 0.9 * DEPTH_KEPT.total_seconds()  # too old, if it was asked for but at the beginning
        publish_live(tickets())
        assert publisher.depth(queues.LIVE) == 1 + sent
    assert asked_for_depth(valkey) == before


def test_many_mails_of_one_moment_travel_together(valkey: ValkeyServer) -> None:
    assert publish_live(tickets(FEW + 1)) == FEW + 1
    assert publish_live(tickets(BATCH + 1)) == BATCH + 1
    assert waiting(valkey) == 3


def test_workers_that_keep_up_are_not_behind_however_much_was_sent_in_a_second(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("notifications.publishing.time.monotonic", lambda: now)
    is_behind()  # measures
    for ticketed in tickets(DEEP + 1):
        publish_live([ticketed])
    with valkey.client() as client:
        client.delete(queues.LIVE)  # as workers took them
    now += DEEP_KEPT.total_seconds()
    assert not is_behind()
    for ticketed in tickets(DEEP + 1):
        publish_live([ticketed])
    now += DEEP_KEPT.total_seconds()
    assert is_behind(), "nobody took these"
