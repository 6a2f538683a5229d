"""What the sweep finds, and that finding it twice does no harm."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from notifications import queues
from notifications.claims import claim
from notifications.models import AttemptOutcome, Notification
from notifications.recording import record
from notifications.relay import (
    CLOCKS_DIFFER,
    Find,
    _finds,
    due,
    expired_claims,
    publish_due,
    relay,
)
from notifications.relay import overdue as overdue_mail
from notifications.settlements import Settlement
from notifications.states import Status
from notifications.tickets import Ticketed
from tests.support.valkey import ValkeyServer

Enqueued = Callable[..., Notification]
PAST = timedelta(minutes=5)


def overdue(row: Notification, **changes: Any) -> None:
    """Let a row's time for the relay have come."""
    Notification.objects.filter(pk=row.pk).update(relay_at=timezone.now() - PAST, **changes)


def batches(valkey: ValkeyServer) -> list[list[list[Any]]]:
    """Return the batches that lie in the backlog queue."""
    with valkey.client() as client:
        messages = client.lrange(queues.BACKLOG, 0, -1)

    return [json.loads(base64.b64decode(json.loads(message)["body"]))[0][0] for message in messages]


def test_what_nobody_holds_is_published_with_its_ticket(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row = enqueued()
    overdue(row, ticket=7)
    assert relay().published == 1
    assert batches(valkey) == [[[str(row.id), 7]]]
    row.refresh_from_db()
    assert row.relay_at > timezone.now()


@pytest.mark.parametrize("find", [expired_claims, overdue_mail, due])
def test_a_look_finds_what_the_query_finds(enqueued: Enqueued, find: Find) -> None:
    row, other = enqueued(), enqueued()
    at = timezone.now()
    if find is expired_claims:
        claim([Ticketed(row.id, 0)], now=at)
        Notification.objects.filter(pk=row.pk).update(claim_expires_at=at)
    elif find is overdue_mail:
        Notification.objects.filter(pk=row.pk).update(expires_at=at)
    else:
        Notification.objects.filter(pk=row.pk).update(relay_at=at)
    moment = timedelta(microseconds=1)
    for time, found in ((at - moment, False), (at, True), (at + moment, True)):
        assert find(time).exists() is found
        assert _finds(find, time) is found
    assert list(find(at)) == [row] != [other]


def test_a_sweep_that_finds_nothing_asks_once_for_each_step(
    enqueued: Enqueued, valkey: ValkeyServer, django_assert_num_queries: Any
) -> None:
    enqueued()
    relay()
    with django_assert_num_queries(3):
        relay()


def test_what_is_not_due_is_left_alone(enqueued: Enqueued, valkey: ValkeyServer) -> None:
    enqueued()
    assert relay().published == 0


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_publish_each_row_once(enqueued: Enqueued, valkey: ValkeyServer) -> None:
    for _ in range(300):
        overdue(enqueued())
    with valkey.client() as client:
        client.flushall()

    def sweep(_: int) -> int:
        try:
            return publish_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as pool:
        assert sum(pool.map(sweep, range(2))) == 300
    published = [identifier for batch in batches(valkey) for identifier, _ in batch]
    assert len(published) == len(set(published)) == 300


def test_the_broker_never_holds_more_than_its_bound(
    enqueued: Enqueued, valkey: ValkeyServer, settings: Any
) -> None:
    settings.BROKER_QUEUE_BOUND = 100
    for _ in range(350):
        overdue(enqueued())
    relay()
    assert len(batches(valkey)) <= 2
    assert Notification.objects.filter(relay_at__lte=timezone.now()).count() >= 150


def test_an_expired_claim_counts_as_a_lost_attempt(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row, now = enqueued(), timezone.now()
    claim([Ticketed(row.id, 0)], now=now - PAST)
    assert relay().recovered == 1
    row.refresh_from_db()
    assert (row.status, row.attempt_count, row.lost_count) == (Status.RETRYING, 1, 1)
    assert row.attempts.get().outcome == AttemptOutcome.LOST
    assert row.claim_expires_at is None


def test_a_claim_is_left_to_a_worker_whose_clock_is_a_little_behind(
    enqueued: Enqueued, valkey: ValkeyServer, settings: Any
) -> None:
    row, now = enqueued(), timezone.now()
    claim([Ticketed(row.id, 0)], now=now - settings.CLAIM_DURATION - CLOCKS_DIFFER / 2)
    assert relay().recovered == 0


def test_a_mail_that_keeps_killing_its_worker_ends_as_a_dead_letter(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row = enqueued()
    for ticket in range(3):
        Notification.objects.update(next_attempt_at=timezone.now() - 2 * PAST)
        claim([Ticketed(row.id, ticket)], now=timezone.now() - PAST)
        relay()
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.FAILED, "worker_lost")


def test_mail_whose_time_is_over_ends_without_a_try(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row = enqueued()
    overdue(row, expires_at=timezone.now() - PAST)
    assert relay().expired == 1
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.FAILED, "expired")


def test_without_a_broker_claims_are_still_recovered(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now() - PAST)
    valkey.kill()
    assert relay().recovered == 1


def test_an_unknown_outcome_that_nobody_resolves_in_time_ends_as_a_dead_letter(
    enqueued: Enqueued, valkey: ValkeyServer
) -> None:
    row = enqueued()
    [claimed] = claim([Ticketed(row.id, 0)], now=timezone.now())
    settlement = Settlement(notification=claimed, to=Status.UNKNOWN, at=timezone.now())
    record([settlement])
    row.refresh_from_db()
    assert (row.relay_at, row.finished_at) == (row.expires_at, None)
    overdue(row, expires_at=timezone.now() - PAST)
    assert relay().expired == 1
    row.refresh_from_db()
    assert (row.status, row.error_kind, row.error_code) == (Status.FAILED, "unknown", "unresolved")
    assert batches(valkey) == []
