"""The one door in."""

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
        assert b'"retries": 0' in client.lindex(queues.LIVE, 0)


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
