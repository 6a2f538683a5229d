"""What is written down once a provider has answered, also when it is late or odd."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import tracking
from notifications.claims import claim
from notifications.models import DeliveryRollup, Notification
from notifications.recording import record
from notifications.recovery import lost
from notifications.settlements import Acceptance, Settlement, after_acceptance
from notifications.states import Status
from notifications.tickets import Ticketed

Enqueued = Callable[..., Notification]


def acceptance(**changes: Any) -> Acceptance:
    """Return a provider's word."""
    values: dict[str, Any] = {
        "provider": "smtp",
        "provider_message_id": "q-1",
        "status_code": 250,
        "started_at": timezone.now(),
        "duration": timedelta(milliseconds=20),
        "subject": "Hello",
        "template_version": "file:1",
        "content_hash": "0" * 64,
    }
    return Acceptance(**values | changes)


def accepted(row: Notification, **changes: Any) -> Settlement:
    """Return the settlement of a claimed row that a provider has taken."""
    word = acceptance(**changes)
    return after_acceptance(row, word, attempts=[word.attempt(row)])


def claimed(row: Notification) -> Notification:
    """Return the row as a worker claims it."""
    [mine] = claim([Ticketed(row.id, 0)], now=timezone.now())
    return mine


def counted() -> dict[str, int]:
    """Return the rollup's counts by outcome, whatever the minute."""
    totals: dict[str, int] = {}
    for line in DeliveryRollup.objects.all():
        totals[line.outcome] = totals.get(line.outcome, 0) + line.count
    return totals


@pytest.mark.django_db(transaction=True)
def test_who_records_nothing_waits_for_no_other_writer() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert record([]) == 0
    assert len(queries) == 0


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.FAILED, Status.CANCELLED])
def test_an_acceptance_that_comes_late_overrules_what_was_guessed_or_given_up(
    enqueued: Enqueued, status: Status
) -> None:
    row = claimed(enqueued())
    Notification.objects.update(status=status, claim_expires_at=None, relay_at=None)
    assert record([accepted(row)]) == 1
    row.refresh_from_db()
    assert (row.status, row.provider_message_id) == (Status.SENT, "q-1")


def test_an_acceptance_that_comes_late_does_not_hide_a_rejection(enqueued: Enqueued) -> None:
    row = claimed(enqueued())
    tracking.take([_report(row, "rejected")])
    record([accepted(row)])
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.FAILED, "rejected_after_acceptance")
    assert (row.subject, row.attempt_count) == ("Hello", 1)


def test_a_report_that_is_quicker_than_the_record_leaves_it_its_facts(enqueued: Enqueued) -> None:
    row = claimed(enqueued())
    tracking.take([_report(row, "delivered")])
    record([accepted(row)])
    row.refresh_from_db()
    assert row.status == Status.DELIVERED
    assert (row.provider_message_id, row.subject, row.attempt_count) == ("q-1", "Hello", 1)
    assert row.template_version == "file:1"


def test_only_what_moved_is_counted_as_an_ending(enqueued: Enqueued) -> None:
    row = claimed(enqueued())
    record([accepted(row)])
    record([accepted(row)])  # the connection broke during the commit, and it was tried again
    record([lost(row, now=timezone.now())])
    assert counted() == {"attempt.accepted": 1, "attempt.lost": 1, "sent": 1}


def test_a_text_that_no_column_holds_is_made_to_fit(enqueued: Enqueued) -> None:
    row = claimed(enqueued())
    odd = "id\x00\ud800" + "x" * 300
    settlement = accepted(row, provider_message_id=odd, subject="Hel\x00lo")
    settlement.attempts[0].detail = "said \x00"
    settlement.attempts[0].error_code = "e" * 100
    assert record([settlement]) == 1
    row.refresh_from_db()
    assert row.subject == "Hello"
    assert row.provider_message_id.startswith("id?xxx")
    assert len(row.provider_message_id) == 255
    attempt = row.attempts.get()
    assert (attempt.detail, len(attempt.error_code)) == ("said ", 60)


def _report(row: Notification, kind: str) -> tracking.Report:
    return tracking.Report(provider="smtp", kind=kind, fingerprint=kind, notification_id=row.id)
