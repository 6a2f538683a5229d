"""Providers' reports: in any order, twice, early and about mail whose outcome nobody knew."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from notifications.claims import claim
from notifications.models import Notification, ProviderEvent, Suppression
from notifications.states import Status
from notifications.tickets import Ticketed
from notifications.tracking import Report, apply_unmatched, take

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
    assert apply_unmatched() == 0
    row = sent(enqueued)
    Notification.objects.update(provider_message_id="pm-9")
    assert apply_unmatched() == 1
    assert status_of(row) == Status.DELIVERED
    assert apply_unmatched() == 0


def test_what_only_tells_a_story_is_kept_and_changes_nothing(enqueued: Enqueued) -> None:
    row = sent(enqueued)
    take([report(row, "opened")])
    assert status_of(row) == Status.SENT
    assert row.provider_events.get().event_type == "opened"
