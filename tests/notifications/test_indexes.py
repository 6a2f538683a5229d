"""What is looked for is found by an index, also where the index leaves most rows out."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from notifications.admin.filters import indexed_values
from notifications.models import (
    READY_MADE,
    Notification,
    id_in_message_id,
    is_named,
    own_message_id,
)
from notifications.outbox import NewNotification, enqueue
from notifications.tracking import Report, take
from orders.mail import SOURCE_TYPE

SOME = "0199c3a4-7d52-4c1b-9d0e-1f6a2b3c4d5e"
Enqueued = Callable[..., Notification]

LOOKED_FOR = {
    "notification_by_provider": (is_named("provider", "smtp"), "-created_at"),
    "notification_brought_id": (Q(event=READY_MADE, message_id="<a@b>"), "pk"),
    "notification_by_reference": (
        Q(reference__in=["SO-1"], source_type=SOURCE_TYPE, source_id__in=["1"]),
        "created_at",
    ),
}


@pytest.fixture
def _many_rows(db: None, new_notification: Callable[..., NewNotification]) -> None:
    """Have a table that is worth an index, and a planner that knows it.

    In one of a row or two PostgreSQL might as well read them all, or take them by their keys.
    """
    with transaction.atomic():
        enqueue([new_notification() for _ in range(400)])
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Notification._meta.db_table}")


@pytest.mark.usefixtures("_many_rows")
@pytest.mark.parametrize("index", LOOKED_FOR)
def test_an_index_answers(index: str) -> None:
    condition, order = LOOKED_FOR[index]
    assert index in Notification.objects.filter(condition).order_by(order)[:1].explain()


def test_the_providers_there_is_mail_of_are_listed(enqueued: Enqueued) -> None:
    rows = [enqueued() for _ in range(4)]
    for row, provider in zip(rows, ["smtp", "", "postmark", "smtp"], strict=True):
        Notification.objects.filter(pk=row.pk).update(provider=provider)
    assert indexed_values(Notification, "provider") == ["postmark", "smtp"]


def test_a_message_id_of_ours_names_its_row() -> None:
    identifier = uuid4()
    assert id_in_message_id(own_message_id(identifier, domain="shop.example")) == identifier


@pytest.mark.parametrize(
    "text", ["", "pm-1", "<a@b>", f"<{SOME}>", f"<x{SOME}@b>", f"<{SOME}@b>\n<c@d>"]
)
def test_another_message_id_names_none(text: str) -> None:
    assert id_in_message_id(text) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event": READY_MADE},
        # Of the form of ours, and of no notification: so other programs make theirs.
        {"event": READY_MADE, "message_id": f"<{SOME}@elsewhere.example>"},
    ],
    ids=["rendered", "ready-made", "ready-made with a Message-ID"],
)
def test_a_report_by_message_id_finds_its_mail(enqueued: Enqueued, changes: dict[str, str]) -> None:
    row, _other = enqueued(), enqueued()
    Notification.objects.filter(pk=row.pk).update(
        status="sent", relay_at=None, sent_at=timezone.now() - timedelta(seconds=1), **changes
    )
    row.refresh_from_db()
    take(
        [
            Report(
                provider="ses",
                kind="delivered",
                fingerprint="f",
                provider_message_id="unknown",
                message_id=row.message_id,
            )
        ]
    )
    assert list(Notification.objects.filter(status="delivered")) == [row]


@pytest.mark.django_db(transaction=True)
def test_indexes_can_be_taken_back_and_made_again() -> None:
    after = _indexes()
    call_command("migrate", "notifications", "0010", verbosity=0)
    try:
        before = _indexes()
    finally:
        call_command("migrate", "notifications", verbosity=0)
    assert {"notification_source", "notification_provider", "notification_message_id"} <= before
    assert before.isdisjoint({"notification_by_provider", "notification_brought_id"})
    assert _indexes() == after
    patterns = {name for name in before if name.endswith("_like")}
    assert len(patterns) == (connection.vendor == "postgresql")
    assert not any(name.endswith("_like") for name in after)


def _indexes() -> frozenset[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Notification._meta.db_table)
    return frozenset(name for name, one in found.items() if one["index"])
