"""The one door in."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from notifications import queues
from notifications.models import Notification, Suppression, SuppressionReason
from notifications.outbox import NewNotification, enqueue
from notifications.states import Status
from templating.errors import UnknownEvent
from tests.support.valkey import ValkeyServer

New = Callable[..., NewNotification]


@pytest.mark.django_db(transaction=True)
def test_enqueueing_outside_a_transaction_is_refused(new_notification: New) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="atomic"):
        enqueue([new_notification()])
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_a_notification_is_owed_from_its_cause_on(new_notification: New) -> None:
    with transaction.atomic():
        row = enqueue([new_notification(reference="SO-1001")])[0]
    row.refresh_from_db()
    assert (row.status, row.ticket, row.attempt_count) == (Status.QUEUED, 0, 0)
    assert row.relay_at - row.created_at == timedelta(seconds=30)
    assert row.expires_at - row.created_at == settings.EXPIRES_AFTER
    assert row.message_id == f"<{row.id}@shop.example.com>"


@pytest.mark.django_db
def test_asked_twice_it_exists_once(new_notification: New) -> None:
    with transaction.atomic():
        first = enqueue([new_notification(idempotency_key="same")])[0]
    with transaction.atomic():
        again = enqueue([new_notification(idempotency_key="same"), new_notification()])
    assert again[0].id == first.id
    assert Notification.objects.count() == 2


@pytest.mark.django_db
def test_a_rolled_back_cause_owes_nothing(new_notification: New) -> None:
    with transaction.atomic():
        enqueue([new_notification()])
        transaction.set_rollback(True)
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_a_context_that_breaks_its_contract_is_refused(new_notification: New) -> None:
    with pytest.raises(ValidationError, match="nmae"), transaction.atomic():
        enqueue([new_notification(context={**new_notification().context, "nmae": "typo"})])
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_an_unknown_event_is_refused(new_notification: New) -> None:
    with pytest.raises(UnknownEvent, match=r"test\.nothing"), transaction.atomic():
        enqueue([new_notification(event="test.nothing")])


@pytest.mark.django_db
def test_a_suppressed_address_gets_a_row_that_says_so(new_notification: New) -> None:
    Suppression.objects.create(address="minji@example.com", reason=SuppressionReason.COMPLAINT)
    with transaction.atomic():
        row = enqueue([new_notification(recipient="Minji@Example.com")])[0]
    row.refresh_from_db()
    assert (row.status, row.relay_at) == (Status.SUPPRESSED, None)


LISTED = {
    "MinJi@Example.COM": "minji@example.com",
    "EMILIA@exämple.com": "emilia@exämple.com",
    "ÉMILE@example.com": "émile@example.com",
    "Straße@example.com": "strasse@example.com",
    "Iris@example.com": "iris@example.com",
}
"""Recipients, each with the form under which it is listed."""


@pytest.mark.django_db
@pytest.mark.parametrize("others", [0, 3], ids=["alone", "among others"])
@pytest.mark.parametrize("recipient", LISTED)
def test_however_it_is_spelt(new_notification: New, recipient: str, others: int) -> None:
    Suppression.objects.create(address=LISTED[recipient], reason=SuppressionReason.MANUAL)
    with transaction.atomic():
        rows = enqueue(
            [new_notification(recipient=f"{n}{recipient}") for n in range(others)]
            + [new_notification(recipient=recipient)]
        )
    assert [row.status for row in rows] == [Status.QUEUED] * others + [Status.SUPPRESSED]
    row = Notification.objects.get(pk=rows[-1].pk)
    assert (row.status, row.error_code) == (Status.SUPPRESSED, "suppressed")
    assert (row.relay_at, row.next_attempt_at, row.finished_at) == (None, None, row.created_at)
    assert (rows[-1].finished_at, rows[-1].recipient) == (row.created_at, recipient)


@pytest.mark.django_db
def test_who_is_suppressed_gets_nothing_later_either(new_notification: New) -> None:
    Suppression.objects.create(address="minji@example.com", reason=SuppressionReason.MANUAL)
    later = timezone.now() + timedelta(days=1)
    with transaction.atomic():
        [row] = enqueue([new_notification(recipient="minji@example.com", send_at=later)])
    assert (row.status, row.relay_at, row.next_attempt_at) == (Status.SUPPRESSED, None, None)


@pytest.mark.django_db(transaction=True)
def test_a_commit_publishes_one_message_each_with_its_ticket(
    new_notification: New, valkey: ValkeyServer
) -> None:
    with transaction.atomic():
        enqueue([new_notification(), new_notification()])
        with valkey.client() as client:
            assert client.llen(queues.LIVE) == 0
    with valkey.client() as client:
        assert client.llen(queues.LIVE) == 2
        assert json.loads(client.lindex(queues.LIVE, 0))["headers"]["retries"] == 0


@pytest.mark.django_db(transaction=True)
def test_no_message_holds_an_address_or_a_context(
    new_notification: New, valkey: ValkeyServer
) -> None:
    with transaction.atomic():
        enqueue([new_notification(recipient="secret@example.com")])
    with valkey.client() as client:
        message = client.lindex(queues.LIVE, 0)
    assert b"secret" not in message
    assert b"Minji" not in message


@pytest.mark.django_db(transaction=True)
def test_a_full_queue_leaves_the_rest_to_the_relay(
    new_notification: New, valkey: ValkeyServer, settings: object
) -> None:
    settings.BROKER_QUEUE_BOUND = 0
    with transaction.atomic():
        enqueue([new_notification()])
    with valkey.client() as client:
        assert client.llen(queues.LIVE) == 0
    assert Notification.objects.get().status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_what_a_dead_broker_did_not_take_leaves_with_the_next_sweep(
    new_notification: New, valkey: ValkeyServer
) -> None:
    valkey.kill()
    with transaction.atomic():
        row = enqueue([new_notification()])[0]
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    assert row.relay_at <= timezone.now()
