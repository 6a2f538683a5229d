"""Personal data is gone after its time, or when its person asks; the counts stay."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from access.actors import Actor
from access.models import AuditEntry
from notifications import claims, erasure, operations, tracking
from notifications.models import (
    AttemptOutcome,
    DeliveryAttempt,
    NextStep,
    Notification,
    Phase,
    ProviderEvent,
    StoredMail,
    Suppression,
    SuppressionReason,
)
from notifications.states import Status
from notifications.tickets import Ticketed
from orders.errors import OrderErased
from orders.models import Order, OrderEvent
from orders.services import legal_events, place_order, record_event
from tests.orders.requests import new_order

Enqueued = Callable[..., Notification]
pytestmark = pytest.mark.django_db
LONG = timedelta(seconds=30)
ADDRESS = "minji@example.com"


def finish(row: Notification, *, days_ago: float, status: Status = Status.SENT) -> None:
    """Let a mail have ended so long ago, with an attempt and a report that quote its person."""
    at = timezone.now() - timedelta(days=days_ago)
    Notification.objects.filter(pk=row.pk).update(
        status=status,
        relay_at=None,
        subject="Hello Minji",
        error_summary="Minji's mailbox is full",
        finished_at=at,
    )
    DeliveryAttempt.objects.create(
        notification=row,
        ticket=1,
        number=1,
        provider="smtp",
        phase=Phase.RESPONSE,
        outcome=AttemptOutcome.PERMANENT,
        error_code="mailbox_full",
        summary="Minji's mailbox is full",
        detail="550 Minji Kim is away",
        started_at=at,
        duration=timedelta(seconds=1),
        next_step=NextStep.DEAD_LETTER,
    )
    ProviderEvent.objects.create(
        provider="smtp",
        fingerprint=f"f-{row.pk}",
        event_type="bounced",
        notification=row,
        processed_at=at,
        apply_at=None,
        payload={"description": "Minji Kim is away"},
    )


def everything_kept() -> str:
    """Return all that the tables hold of mail, as one text."""
    tables: list[Any] = [Notification, DeliveryAttempt, ProviderEvent]
    return "\n".join(str(row) for table in tables for row in table.objects.values())


def test_what_is_past_its_retention_loses_its_person_and_keeps_its_counts(
    enqueued: Enqueued,
) -> None:
    finish(enqueued(recipient=ADDRESS, recipient_name="Minji Kim"), days_ago=91)
    assert "Minji" in everything_kept()
    done = erasure.erase_old(within=LONG)
    assert (done.notifications, done.is_done) == (1, True)
    assert "inji" not in everything_kept()
    row = Notification.objects.get()
    assert (row.status, row.context, row.erased_at is not None) == (Status.SENT, {}, True)
    attempt = row.attempts.get()
    assert (attempt.outcome, attempt.error_code) == ("permanent", "mailbox_full")


def test_ready_made_mail_goes_whole(enqueued: Enqueued) -> None:
    row = enqueued(reply_to="minji@example.com", tags=["for-minji"])
    StoredMail.objects.create(notification=row, envelope={"to": "minji"}, digest="d", size=1)
    finish(row, days_ago=91)
    erasure.erase_old(within=LONG)
    row.refresh_from_db()
    assert (row.reply_to, row.tags) == ("", [])
    assert not StoredMail.objects.exists()


def test_mail_within_its_retention_and_mail_that_has_not_ended_stays(enqueued: Enqueued) -> None:
    finish(enqueued(), days_ago=89)
    enqueued()
    assert erasure.erase_old(within=LONG).notifications == 0
    assert not Notification.objects.filter(erased_at__isnull=False).exists()


def test_erasure_goes_on_in_batches_and_stops_when_its_time_is_over(
    enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    for _ in range(5):
        finish(enqueued(), days_ago=100)
    assert erasure.erase_old(within=timedelta(0)).notifications == 2
    assert erasure.erase_old(within=LONG).notifications == 3


def test_reports_about_mail_that_was_never_ours_are_deleted_in_the_end(db: None) -> None:
    for age in (1, 91):
        ProviderEvent.objects.create(
            provider="smtp",
            fingerprint=str(age),
            event_type="opened",
            apply_at=None,
            received_at=timezone.now() - timedelta(days=age),
        )
    assert erasure.erase_old(within=LONG).reports == 1
    assert ProviderEvent.objects.get().fingerprint == "1"


def test_what_was_erased_cannot_be_redriven(enqueued: Enqueued) -> None:
    row = enqueued()
    finish(row, days_ago=91, status=Status.FAILED)
    erasure.erase_old(within=LONG)
    assert operations.redrive([row.pk], actor=Actor.system("tests"), reason="") == []


def test_a_complaint_about_erased_mail_suppresses_nobody(enqueued: Enqueued) -> None:
    row = enqueued()
    finish(row, days_ago=91)
    erasure.erase_old(within=LONG)
    report = tracking.Report(
        provider="smtp", kind="complained", fingerprint="late", notification_id=row.pk
    )
    tracking.take([report])
    row.refresh_from_db()
    assert row.status == Status.COMPLAINED
    assert not Suppression.objects.exists()


@pytest.fixture
def order() -> Order:
    """An order of the person's, with its mail and the shop's own copy."""
    return place_order(new_order(number="SO-1001", customer_email="Minji@Example.com"))


def erase(*arguments: str) -> str:
    out = StringIO()
    call_command("erase", "--recipient", ADDRESS, *arguments, stdout=out)
    return out.getvalue()


def test_a_request_is_looked_at_first_and_nothing_is_changed(order: Order) -> None:
    told = erase()
    assert "1 mails would be erased, 1 of them cancelled first." in told
    assert "1 orders would be erased." in told
    assert ADDRESS not in told
    assert not Notification.objects.exclude(status=Status.QUEUED).exists()


def test_a_persons_request_reaches_their_orders_and_the_shops_copies(
    settings: Any, order: Order
) -> None:
    settings.SHOP_COPY_TO = ["warehouse@shop.example.com"]
    record_event(number="SO-1001", kind="paid")
    assert "3 mails erased, 3 of them cancelled first." in erase("--yes", "--reason", "GDPR-7")
    for row in Notification.objects.all():
        assert (row.status, row.recipient, row.context) == (Status.CANCELLED, "", {})
    order = Order.objects.get()
    assert (order.customer_email, order.customer_name, order.shipping_address) == ("", "", None)
    assert order.total > 0
    entry = AuditEntry.objects.get(action="person.erase")
    assert entry.reason == "GDPR-7"
    assert "@" not in entry.target_id + str(entry.data)


def test_others_mail_is_left_alone(order: Order, enqueued: Enqueued) -> None:
    other = enqueued(recipient="ada@example.com")
    erase("--yes")
    other.refresh_from_db()
    assert (other.status, other.recipient) == (Status.QUEUED, "ada@example.com")


def test_an_order_that_nobody_belongs_to_any_more_takes_no_events(order: Order) -> None:
    erase("--yes")
    with pytest.raises(OrderErased):
        record_event(number="SO-1001", kind="paid")
    assert legal_events(Order.objects.get()) == ()
    assert OrderEvent.objects.count() == 1


def test_mail_that_is_being_sent_is_left_and_the_command_says_so(order: Order) -> None:
    [row] = Notification.objects.all()
    claims.claim([Ticketed(row.pk, row.ticket)], now=timezone.now())
    with pytest.raises(CommandError, match="1 mails are being sent"):
        erase("--yes")
    assert Order.objects.get().erased_at is None


def test_the_suppression_stays_unless_the_person_wants_it_gone(order: Order) -> None:
    Suppression.objects.create(address=ADDRESS, reason=SuppressionReason.COMPLAINT)
    assert "is on the suppression list" in erase("--yes")
    assert Suppression.objects.exists()
    erase("--yes", "--forget-suppression")
    assert not Suppression.objects.exists()


def test_orders_to_which_nothing_happened_for_long_are_erased(order: Order) -> None:
    assert erasure.erase_old(within=LONG).others == 0
    Order.objects.update(updated_at=timezone.now() - timedelta(days=731))
    assert erasure.erase_old(within=LONG).others == 1
    assert Order.objects.get().customer_email == ""


def test_orders_are_kept_where_the_setting_says_so(settings: Any, order: Order) -> None:
    settings.ORDER_RETENTION_DAYS = 0
    Order.objects.update(updated_at=timezone.now() - timedelta(days=9999))
    assert erasure.erase_old(within=LONG).others == 0
