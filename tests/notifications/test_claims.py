"""The update's predicate is the lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from notifications.claims import claim, postpone, release, waiting_live
from notifications.models import Notification
from notifications.states import Status
from notifications.tickets import Ticketed

Enqueued = Callable[..., Notification]


def test_a_claim_raises_the_ticket_and_ends_by_itself(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    [claimed] = claim([Ticketed(row.id, 0)], now=now)
    assert (claimed.id, claimed.status, claimed.ticket) == (row.id, Status.SENDING, 1)
    assert claimed.claim_expires_at == claimed.relay_at == now + settings.CLAIM_DURATION
    stored = Notification.objects.get()
    assert (stored.status, stored.ticket) == (Status.SENDING, 1)


@pytest.mark.parametrize("presented", [1, 2])
def test_a_message_with_another_ticket_claims_nothing(enqueued: Enqueued, presented: int) -> None:
    row = enqueued()
    assert claim([Ticketed(row.id, presented)], now=timezone.now()) == []


def test_a_message_before_its_time_claims_nothing(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    Notification.objects.update(
        status=Status.RETRYING, next_attempt_at=now + timedelta(seconds=7), relay_at=now
    )
    assert claim([Ticketed(row.id, 0)], now=now + timedelta(seconds=6.9)) == []
    assert len(claim([Ticketed(row.id, 0)], now=now + timedelta(seconds=7))) == 1


def test_a_batch_claims_what_is_still_there(enqueued: Enqueued) -> None:
    rows = [enqueued() for _ in range(5)]
    now = timezone.now()
    claim([Ticketed(rows[1].id, 0)], now=now)
    claimed = claim([Ticketed(row.id, 0) for row in rows], now=now)
    assert {row.id for row in claimed} == {row.id for row in rows} - {rows[1].id}


def test_tickets_of_a_batch_are_each_their_own_rows(enqueued: Enqueued) -> None:
    first, second = enqueued(), enqueued()
    now = timezone.now()
    release(claim([Ticketed(first.id, 0)], now=now), at=now)
    assert claim([Ticketed(first.id, 0), Ticketed(second.id, 1)], now=now) == []
    assert len(claim([Ticketed(first.id, 1), Ticketed(second.id, 0)], now=now)) == 2


def test_nothing_presented_claims_nothing(enqueued: Enqueued) -> None:
    enqueued()
    assert claim([], now=timezone.now()) == []


@pytest.mark.django_db(transaction=True)
def test_of_fifty_copies_of_a_message_one_claims(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()

    def copy(_: int) -> int:
        try:
            return len(claim([Ticketed(row.id, 0)], now=now))
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert sum(pool.map(copy, range(50))) == 1


def test_a_released_claim_burns_no_attempt_and_fences_the_old_message(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    claimed = claim([Ticketed(row.id, 0)], now=now)
    assert release(claimed, at=now) == 1
    row.refresh_from_db()
    assert (row.status, row.ticket, row.attempt_count) == (Status.QUEUED, 1, 0)
    assert (row.claim_expires_at, row.relay_at) == (None, now)
    assert claim([Ticketed(row.id, 0)], now=now) == []


def test_a_postponed_mail_is_looked_at_again_before_it_expires(enqueued: Enqueued) -> None:
    row = enqueued(expires_after=timedelta(minutes=5))
    now = timezone.now()
    postpone([Ticketed(row.id, 0)], until=now + timedelta(hours=1), now=now)
    row.refresh_from_db()
    assert row.relay_at == row.expires_at
    assert row.ticket == 0


def test_a_copy_that_comes_early_does_not_bring_the_relay_early(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    later = now + timedelta(hours=4)
    Notification.objects.update(status=Status.RETRYING, next_attempt_at=later, relay_at=later)
    assert postpone([Ticketed(row.id, 0)], until=now + timedelta(seconds=5), now=now) == 0
    row.refresh_from_db()
    assert row.relay_at == later


def test_what_waits_for_a_live_worker_is_what_was_published_and_not_touched_since(
    enqueued: Enqueued,
) -> None:
    first, second, claimed, released, postponed = (enqueued() for _ in range(5))
    now = timezone.now()
    release(claim([Ticketed(released.id, 0)], now=now), at=now)
    claim([Ticketed(claimed.id, 0)], now=now)
    postpone([Ticketed(postponed.id, 0)], until=now + timedelta(seconds=5), now=now)
    assert waiting_live(most=10, now=now) == [Ticketed(first.id, 0), Ticketed(second.id, 0)]
    assert waiting_live(most=10, now=now + timedelta(minutes=1)) == [], "the relay's by then"
