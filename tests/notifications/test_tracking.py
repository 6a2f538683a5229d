"""Providers' reports: in any order, twice, early and about mail whose outcome nobody knew."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications import tasks
from notifications.claims import claim
from notifications.models import Notification, ProviderEvent, Suppression
from notifications.states import Status
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
    Notification.objects.update(provider_message_id="pm-9")
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
