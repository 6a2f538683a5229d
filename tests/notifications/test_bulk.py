"""One action on many: planned, confirmed once, done chunk by chunk, each once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from access.actors import Actor
from access.models import AuditEntry
from notifications import bulk, queues, suppression_list
from notifications.models import (
    AttemptOutcome,
    BulkChunk,
    BulkOperation,
    DeliveryAttempt,
    NextStep,
    Notification,
    Phase,
)
from notifications.states import Action, Status
from tests.support.valkey import ValkeyServer

Enqueued = Callable[..., Notification]
ACTOR = Actor.system("test")


def dead(enqueued: Enqueued, **changes: Any) -> Notification:
    row = enqueued()
    changes = {"status": Status.FAILED, "relay_at": None, "attempt_count": 3} | changes
    Notification.objects.filter(pk=row.pk).update(**changes)
    return row


def planned(action: Action = Action.REDRIVE) -> BulkOperation:
    return bulk.plan(Notification.objects.all(), action=action, actor=ACTOR)


def started(action: Action = Action.REDRIVE) -> BulkOperation:
    operation = planned(action)
    assert bulk.confirm(operation, actor=ACTOR, reason="mended")
    return operation


def do_all(operation: BulkOperation) -> None:
    """Do every chunk, as the workers would."""
    for chunk in operation.chunks.all():
        bulk.run_chunk(chunk.pk)
    bulk.run(operation.pk)
    operation.refresh_from_db()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)


def test_a_dry_run_counts_and_changes_nothing(enqueued: Enqueued) -> None:
    listed = dead(enqueued)
    suppression_list.suppress(listed.recipient.upper(), actor=ACTOR)
    doubtful = dead(enqueued)
    DeliveryAttempt.objects.create(
        notification=doubtful,
        ticket=1,
        number=1,
        phase=Phase.RESPONSE,
        outcome=AttemptOutcome.UNKNOWN,
        started_at=timezone.now(),
        duration=timedelta(),
        next_step=NextStep.RETRY,
    )
    dead(enqueued, error_code="expired")
    dead(enqueued, erased_at=timezone.now())
    enqueued()
    found = bulk.dry_run_of(planned())
    assert found == bulk.DryRun(
        eligible=3, in_doubt=1, suppressed=1, expired=1, passed_over={"queued": 1}
    )
    assert Notification.objects.filter(status=Status.FAILED).count() == 4


def test_what_was_shown_is_what_is_done(enqueued: Enqueued, small_chunks: None) -> None:
    rows = [dead(enqueued) for _ in range(5)]
    operation = started()
    later = dead(enqueued)
    do_all(operation)
    assert operation.finished_at is not None
    assert bulk.progress_of(operation) == bulk.Progress(done=5, acted=5, total=5)
    assert Notification.objects.get(pk=later.pk).status == Status.FAILED
    queued = Notification.objects.filter(status=Status.QUEUED)
    assert set(queued.values_list("pk", flat=True)) == {row.pk for row in rows}


def test_each_notification_has_its_audit_entry_and_the_operation_too(
    enqueued: Enqueued, small_chunks: None
) -> None:
    for _ in range(3):
        dead(enqueued)
    do_all(started())
    actions = sorted(AuditEntry.objects.values_list("action", "reason"))
    assert actions == [
        ("bulk_operation.start", "mended"),
        *[("notification.redrive", "mended")] * 3,
    ]


def test_nothing_happens_without_a_confirmation(enqueued: Enqueued) -> None:
    dead(enqueued)
    operation = planned()
    do_all(operation)
    assert Notification.objects.filter(status=Status.FAILED).count() == 1
    assert operation.is_planned


def test_confirmed_twice_it_starts_once(enqueued: Enqueued) -> None:
    dead(enqueued)
    operation = started()
    assert not bulk.confirm(operation, actor=ACTOR, reason="again")
    assert BulkOperation.objects.get().reason == "mended"


def test_a_chunk_that_comes_twice_acts_once(enqueued: Enqueued) -> None:
    row = dead(enqueued)
    [chunk] = started().chunks.all()
    assert bulk.run_chunk(chunk.pk) == 1
    # It failed again meanwhile: that is another failure, and nobody asked to redrive it.
    Notification.objects.filter(pk=row.pk).update(status=Status.FAILED, relay_at=None)
    assert bulk.run_chunk(chunk.pk) == 0
    assert Notification.objects.get(pk=row.pk).status == Status.FAILED


def test_what_moved_on_is_left_alone_and_told(enqueued: Enqueued) -> None:
    rows = [dead(enqueued) for _ in range(3)]
    operation = started()
    Notification.objects.filter(pk=rows[0].pk).update(status=Status.DELIVERED)
    do_all(operation)
    assert bulk.progress_of(operation) == bulk.Progress(done=3, acted=2, total=3)


def test_a_stopped_operation_stays_where_it_is(enqueued: Enqueued, small_chunks: None) -> None:
    for _ in range(4):
        dead(enqueued)
    operation = started()
    bulk.run_chunk(operation.chunks.all()[0].pk)
    assert bulk.stop(operation, actor=ACTOR, reason="")
    assert not bulk.stop(operation, actor=ACTOR, reason="")
    do_all(operation)
    assert Notification.objects.filter(status=Status.FAILED).count() == 2


def test_chunks_are_published_in_groups_that_follow_each_other(
    enqueued: Enqueued, small_chunks: None, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "WINDOW", 2)
    for _ in range(6):
        dead(enqueued)
    operation = started()

    def waiting() -> int:
        with valkey.client() as client:
            return int(client.llen(queues.PERIODIC))

    assert bulk.run(operation.pk) == 2
    assert bulk.run(operation.pk) == 0, "while a group is under way nothing is published"
    assert waiting() == 2
    first, second, third = operation.chunks.all()
    bulk.run_chunk(first.pk)
    assert waiting() == 2
    bulk.run_chunk(second.pk)
    assert waiting() == 3, "the last of a group publishes the next one"
    bulk.run_chunk(third.pk)
    operation.refresh_from_db()
    assert operation.finished_at is not None


def test_a_lost_group_is_published_again(enqueued: Enqueued, valkey: ValkeyServer) -> None:
    dead(enqueued)
    operation = started()
    bulk.resume()
    BulkChunk.objects.update(published_at=timezone.now() - bulk.LOST_AFTER * 2)
    assert bulk.run(operation.pk) == 1


def test_without_a_broker_it_waits_for_the_relay(enqueued: Enqueued, valkey: ValkeyServer) -> None:
    dead(enqueued)
    operation = started()
    valkey.stop()
    try:
        assert bulk.run(operation.pk) == 0
        assert BulkChunk.objects.get().published_at is None
    finally:
        valkey.start()
    bulk.resume()
    assert BulkChunk.objects.get().published_at is not None


def test_more_than_one_operation_takes_is_cut_to_the_oldest(
    enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LARGEST", 2)
    rows = [dead(enqueued) for _ in range(3)]
    operation = planned()
    assert bulk.dry_run_of(operation).is_cut
    assert operation.chunks.get().ids == [str(row.pk) for row in rows[:2]]


def test_a_plan_that_nobody_confirms_is_forgotten(enqueued: Enqueued) -> None:
    dead(enqueued)
    old = planned()
    BulkOperation.objects.update(created_at=timezone.now() - timedelta(days=2))
    planned()
    assert not BulkOperation.objects.filter(pk=old.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_chunk_that_two_workers_get_at_once_is_done_once(enqueued: Enqueued) -> None:
    for _ in range(20):
        dead(enqueued)
    [chunk] = started().chunks.all()

    def work(_: int) -> int:
        try:
            return bulk.run_chunk(chunk.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [0, 0, 0, 20]
    assert AuditEntry.objects.filter(action="notification.redrive").count() == 20
