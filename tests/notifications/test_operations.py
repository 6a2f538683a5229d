"""What a person may do, once, however often they press."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from access.actors import Actor
from access.models import AuditEntry
from notifications import operations
from notifications.claims import claim
from notifications.models import Notification
from notifications.states import Status
from notifications.tickets import Ticketed

Enqueued = Callable[..., Notification]
ACTOR = Actor.system("test")


def put(row: Notification, status: Status, **changes: Any) -> Notification:
    """Bring a row into a state, past the transition table: the tests' own starting point."""
    Notification.objects.filter(pk=row.pk).update(status=status, **changes)
    row.refresh_from_db()
    return row


def dead_letter(enqueued: Enqueued, status: Status = Status.FAILED) -> Notification:
    past = timezone.now() - timedelta(days=3)
    return put(
        enqueued(), status, relay_at=None, attempt_count=25, expires_at=past, finished_at=past
    )


def test_retry_makes_a_waiting_mail_due_now(enqueued: Enqueued) -> None:
    later = timezone.now() + timedelta(hours=4)
    row = put(enqueued(), Status.RETRYING, next_attempt_at=later, relay_at=later)
    assert operations.retry([row.id], actor=ACTOR, reason="asked") == [row.id]
    row.refresh_from_db()
    assert row.next_attempt_at <= timezone.now()
    assert len(claim([Ticketed(row.id, row.ticket)], now=timezone.now())) == 1


def test_a_redrive_starts_a_new_budget_and_a_new_life(enqueued: Enqueued) -> None:
    row = dead_letter(enqueued)
    assert operations.redrive([row.id], actor=ACTOR, reason="mended") == [row.id]
    row.refresh_from_db()
    assert (row.status, row.attempts_in_budget, row.attempt_count) == (Status.QUEUED, 0, 25)
    assert row.expires_at > timezone.now()
    assert row.finished_at is None


def test_pressed_twice_it_acts_once(enqueued: Enqueued) -> None:
    row = dead_letter(enqueued)
    assert operations.redrive([row.id], actor=ACTOR, reason="") == [row.id]
    assert operations.redrive([row.id], actor=ACTOR, reason="") == []
    assert AuditEntry.objects.filter(action="notification.redrive").count() == 1


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RETRYING, Status.UNKNOWN])
def test_what_has_not_left_can_be_cancelled(enqueued: Enqueued, status: Status) -> None:
    row = put(enqueued(), status, next_attempt_at=timezone.now())
    assert operations.cancel([row.id], actor=ACTOR, reason="wrong order") == [row.id]
    row.refresh_from_db()
    assert (row.status, row.relay_at) == (Status.CANCELLED, None)
    assert claim([Ticketed(row.id, row.ticket)], now=timezone.now()) == []


def test_what_is_being_sent_cannot_be_called_back(enqueued: Enqueued) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    assert operations.cancel([row.id], actor=ACTOR, reason="") == []


def test_an_unknown_outcome_is_resolved_either_way(enqueued: Enqueued) -> None:
    arrived, missing = (put(enqueued(), Status.UNKNOWN, relay_at=None) for _ in range(2))
    assert operations.resolve([arrived.id], arrived=True, actor=ACTOR, reason="she said so")
    assert operations.resolve([missing.id], arrived=False, actor=ACTOR, reason="she did not")
    arrived.refresh_from_db()
    missing.refresh_from_db()
    assert (arrived.status, missing.status) == (Status.SENT, Status.QUEUED)
    assert arrived.sent_at is not None


def test_a_mail_that_arrived_shows_no_error_any_more(enqueued: Enqueued) -> None:
    error = {"error_kind": "unknown", "error_code": "read_timeout", "error_summary": "No answer."}
    row = put(enqueued(), Status.UNKNOWN, relay_at=None, doubted_ticket=1, **error)
    operations.resolve([row.id], arrived=True, actor=ACTOR, reason="she said so")
    row.refresh_from_db()
    assert (row.error_kind, row.error_code, row.error_summary) == ("", "", "")
    assert row.doubted_ticket is None


def test_retry_pressed_twice_acts_once(enqueued: Enqueued) -> None:
    later = timezone.now() + timedelta(hours=4)
    row = put(enqueued(), Status.RETRYING, next_attempt_at=later, relay_at=later)
    assert operations.retry([row.id], actor=ACTOR, reason="") == [row.id]
    assert operations.retry([row.id], actor=ACTOR, reason="") == []


def test_what_was_erased_is_not_sent_again(enqueued: Enqueued) -> None:
    row = dead_letter(enqueued)
    put(row, Status.FAILED, erased_at=timezone.now())
    assert operations.redrive([row.id], actor=ACTOR, reason="") == []


def test_every_act_is_in_the_audit_log_with_its_reason(enqueued: Enqueued) -> None:
    row = enqueued()
    operations.cancel([row.id], actor=ACTOR, reason="the customer called")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id) == ("notification.cancel", str(row.id))
    assert (entry.reason, entry.actor_id) == ("the customer called", "test")
