"""Providers' reports: in any order, twice, early and about mail whose outcome nobody knew."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from notifications import tasks
from notifications.claims import claim
from notifications.mail_backend import OutboxEmailBackend
from notifications.models import (
    AttemptOutcome,
    DeliveryAttempt,
    NextStep,
    Notification,
    Phase,
    ProviderEvent,
    Suppression,
)
from notifications.states import CLAIMABLE, Status
from notifications.tickets import Ticketed
from notifications.tracking import Report, apply_waiting, receive, take

Enqueued = Callable[..., Notification]


def report(row: Notification, kind: str, **changes: Any) -> Report:
    """Return a report about a notification, known by the id that we sent along."""
    values = {"notification_id": row.id, "fingerprint": f"{kind}-{row.id}"} | changes
    return Report(provider="postmark", kind=kind, **values)


def sent(enqueued: Enqueued, **changes: Any) -> Notification:
    row = enqueued(**changes)
    Notification.objects.filter(pk=row.pk).update(
        status=Status.SENT, relay_at=None, sent_at=timezone.now(), provider_message_id="pm-1"
    )
    return row


def status_of(row: Notification) -> str:
    row.refresh_from_db()
    return row.status


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["accepted", "delivered", "bounced"]))
)
def test_a_late_delivered_never_hides_a_bounced(enqueued: Enqueued, order: tuple[str, ...]) -> None:
    row = sent(enqueued)
    for kind in order:
        take([report(row, kind)])
    assert status_of(row) == Status.BOUNCED
    assert row.provider_events.count() == 3


def test_a_report_that_comes_twice_is_stored_once(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    assert take([report(row, "delivered")] * 2) == 1
    assert ProviderEvent.objects.count() == 1


@pytest.mark.parametrize("kind", ["bounced", "complained"])
def test_a_hard_bounce_or_a_complaint_suppresses_the_recipient(
    enqueued: Enqueued, kind: str
) -> None:
    take([report(sent(enqueued, recipient="Minji@example.com"), kind)])
    assert Suppression.objects.get().address == "minji@example.com"


def test_a_full_mailbox_does_not_suppress(enqueued: Enqueued) -> None:
    take([report(sent(enqueued), "bounced", is_permanent=False)])
    assert not Suppression.objects.exists()


def test_an_unknown_outcome_is_resolved_by_the_providers_word(enqueued: Enqueued) -> None:
    row = enqueued()
    Notification.objects.update(status=Status.UNKNOWN, relay_at=None)
    take([report(row, "delivered")])
    assert status_of(row) == Status.DELIVERED
    assert (row.provider, row.finished_at is not None) == ("postmark", True)
    assert row.sent_at is not None


def test_a_retry_that_is_no_longer_needed_is_not_made(enqueued: Enqueued) -> None:
    row, now = enqueued(), timezone.now()
    Notification.objects.update(status=Status.RETRYING, next_attempt_at=now, ticket=1)
    take([report(row, "accepted")])
    assert status_of(row) == Status.SENT
    assert claim([Ticketed(row.id, 1)], now=now) == []


def test_a_report_before_our_own_commit_waits_for_it(enqueued: Enqueued) -> None:
    early = Report(
        provider="postmark", kind="delivered", fingerprint="1", provider_message_id="pm-9"
    )
    assert take([early]) == 1
    assert look_again() == 0
    row = sent(enqueued)
    Notification.objects.update(provider="postmark", provider_message_id="pm-9")
    assert look_again() == 1
    assert status_of(row) == Status.DELIVERED
    assert look_again() == 0


def look_again() -> int:
    """Look at what waits, as if the time for it had come."""
    ProviderEvent.objects.exclude(apply_at=None).update(apply_at=timezone.now())
    return apply_waiting()


def test_a_report_that_only_our_own_id_matches_waits_too(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    Notification.objects.filter(pk=row.pk).update(provider_message_id="")
    early = report(row, "delivered")
    later_id = row.pk
    Notification.objects.filter(pk=row.pk).delete()
    assert take([early]) == 1
    row.pk = row.id = later_id
    row.save(force_insert=True)
    Notification.objects.filter(pk=row.pk).update(status=Status.SENT)
    assert look_again() == 1
    assert status_of(row) == Status.DELIVERED


@pytest.mark.django_db
def test_a_report_about_somebody_elses_mail_is_looked_for_ever_less_often() -> None:
    take([Report(provider="postmark", kind="delivered", fingerprint="1")])
    event = ProviderEvent.objects.get()
    assert event.apply_at is not None
    assert event.apply_at > timezone.now()
    for hours in (1, 30):
        received = timezone.now() - timedelta(hours=hours)
        ProviderEvent.objects.update(received_at=received, apply_at=received)
        assert apply_waiting() == 0
        event.refresh_from_db()
        if hours == 1:
            assert event.apply_at > timezone.now() + timedelta(minutes=59)
    assert event.apply_at is None


def test_received_reports_are_stored_at_once_and_applied_by_a_worker(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    assert receive([report(row, "delivered"), report(row, "delivered")]) == 1
    assert receive([report(row, "delivered")]) == 0
    assert status_of(row) == Status.SENT
    tasks.apply_reports([ProviderEvent.objects.get().pk])
    assert status_of(row) == Status.DELIVERED
    assert ProviderEvent.objects.get().apply_at is None


@pytest.mark.django_db
def test_storing_reports_takes_the_same_few_queries_however_many_they_are(
    django_assert_num_queries: Any,
) -> None:
    many = [
        Report(provider="postmark", kind="opened", fingerprint=str(number)) for number in range(300)
    ]
    with django_assert_num_queries(5):  # a transaction or savepoint of two, and three statements
        assert receive(many) == 300


def test_what_only_tells_a_story_is_kept_and_changes_nothing(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    take([report(row, "opened")])
    assert status_of(row) == Status.SENT
    assert row.provider_events.get().event_type == "opened"


# --- reports about one attempt of several


def attempted(row: Notification, ticket: int, outcome: str, message_id: str = "") -> None:
    """Write down how an attempt ended."""
    DeliveryAttempt.objects.create(
        notification=row,
        ticket=ticket,
        number=ticket,
        provider="postmark",
        phase=Phase.RESPONSE,
        outcome=outcome,
        provider_message_id=message_id,
        started_at=timezone.now(),
        duration=timedelta(seconds=1),
        next_step=NextStep.DONE,
    )


def stand(row: Notification, status: Status, **changes: Any) -> None:
    """Put the row where a history would have brought it."""
    now = timezone.now()
    due: dict[str, Any] = {"relay_at": None, "next_attempt_at": None, "claim_expires_at": None}
    if status == Status.SENDING:
        due |= {"relay_at": now, "claim_expires_at": now}
    elif status in CLAIMABLE:
        due |= {"relay_at": now, "next_attempt_at": now}
    Notification.objects.filter(pk=row.pk).update(status=status, **(due | changes))


one_copys_end = pytest.mark.parametrize(
    "changes", [{"kind": "rejected"}, {"kind": "bounced", "is_permanent": False}]
)


@one_copys_end
def test_a_copy_that_came_to_nothing_does_not_end_the_attempt_that_is_under_way(
    enqueued: Enqueued, changes: dict[str, Any]
) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.TRANSIENT)
    stand(row, Status.SENDING, ticket=2)
    take([report(row, ticket=1, **changes)])
    assert status_of(row) == Status.SENDING
    assert row.claim_expires_at is not None
    assert row.provider_events.get().processed_at is not None


@one_copys_end
def test_what_was_redriven_is_not_ended_by_what_was_said_of_it_before(
    enqueued: Enqueued, changes: dict[str, Any]
) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.ACCEPTED, "pm-1")
    stand(row, Status.QUEUED, ticket=1)
    take([report(row, ticket=1, **changes)])
    assert status_of(row) == Status.QUEUED


@one_copys_end
def test_a_copy_in_doubt_that_came_to_nothing_ends_its_mail(
    enqueued: Enqueued, changes: dict[str, Any]
) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.UNKNOWN)
    stand(row, Status.RETRYING, ticket=1, doubted_ticket=1)
    take([report(row, ticket=1, **changes)])
    assert status_of(row) in {Status.FAILED, Status.BOUNCED}


def test_while_another_copy_leaves_a_rejection_waits_for_what_it_is_about(
    enqueued: Enqueued,
) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.UNKNOWN)
    stand(row, Status.SENDING, ticket=2, doubted_ticket=1)
    take([report(row, "rejected", ticket=1, provider_message_id="pm-1")])
    assert status_of(row) == Status.SENDING
    attempted(row, 2, AttemptOutcome.ACCEPTED, "pm-2")
    stand(row, Status.SENT, provider="postmark", provider_message_id="pm-2", doubted_ticket=None)
    look_again()
    assert status_of(row) == Status.SENT
    assert row.provider_events.get().apply_at is None


def test_a_rejection_of_the_copy_that_was_accepted_ends_it(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    Notification.objects.update(ticket=2)
    attempted(row, 1, AttemptOutcome.TRANSIENT)
    attempted(row, 2, AttemptOutcome.ACCEPTED, "pm-1")
    take([report(row, "rejected", ticket=1, fingerprint="old")])
    assert status_of(row) == Status.SENT
    take([report(row, "rejected", ticket=2, fingerprint="new")])
    assert status_of(row) == Status.FAILED
    assert row.error_code == "rejected_after_acceptance"


@pytest.mark.parametrize("order", list(itertools.permutations(["accepted", "rejected"])))
def test_a_late_accepted_never_hides_a_rejected(enqueued: Enqueued, order: tuple[str, ...]) -> None:
    row = sent(enqueued)
    for kind in order:
        take([report(row, kind)])
    assert status_of(row) == Status.FAILED


def test_that_a_redriven_mail_was_accepted_before_is_no_news(enqueued: Enqueued) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.ACCEPTED, "pm-1")
    stand(row, Status.QUEUED, ticket=1)
    take([report(row, "accepted", ticket=1)])
    assert status_of(row) == Status.QUEUED


def test_a_mail_that_was_delivered_after_all_is_not_sent_anew(enqueued: Enqueued) -> None:
    row = enqueued()
    attempted(row, 1, AttemptOutcome.TRANSIENT)
    stand(row, Status.RETRYING, ticket=1)
    take([report(row, "delivered", ticket=1)])
    assert status_of(row) == Status.DELIVERED


def test_another_providers_message_of_the_same_id_is_not_ours(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    Notification.objects.update(provider="ses")
    stranger = Report(
        provider="postmark", kind="bounced", fingerprint="1", provider_message_id="pm-1"
    )
    take([stranger])
    assert status_of(row) == Status.SENT
    assert not Suppression.objects.exists()


def test_foreign_texts_of_any_length_are_kept(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    take([report(row, "k" * 300, fingerprint="f", provider_message_id="m\x00" + "m" * 900)])
    event = row.provider_events.get()
    assert len(event.event_type) == 30
    assert "\x00" not in event.provider_message_id


def test_of_several_recipients_the_one_that_bounced_is_suppressed(db: None) -> None:
    with transaction.atomic():
        message = EmailMessage("Hi", "x", None, ["a@example.com"], cc=["B@example.com"])
        OutboxEmailBackend().send_messages([message])
    row = Notification.objects.get()
    stand(row, Status.SENT)
    take([report(row, "bounced", recipient="b@example.com")])
    assert status_of(row) == Status.BOUNCED
    assert Suppression.objects.get().address == "b@example.com"
    assert "example.com" not in str(row.provider_events.get().payload)


def test_of_several_recipients_nobody_is_suppressed_by_guessing(db: None) -> None:
    with transaction.atomic():
        message = EmailMessage("Hi", "x", None, ["a@example.com"], cc=["b@example.com"])
        OutboxEmailBackend().send_messages([message])
    row = Notification.objects.get()
    take([report(row, "bounced")])
    assert not Suppression.objects.exists()
