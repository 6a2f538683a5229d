"""Rows written without Django's fields, beside the same rows written with them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Model

from access import stored_values
from access.stored_values import insertion_of_new
from notifications.models import AttemptOutcome, DeliveryAttempt, NextStep, Notification, Phase

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


def a_notification(key: str = "one", **values: Any) -> Notification:
    usual = {
        "idempotency_key": key,
        "event": "order.placed",
        "locale": "ko",
        "recipient": "minji@example.com",
        "recipient_name": "김민지",
        "context": {"total": "12.50", "quote": "'; -- %s", "nested": [1, None, {"a": True}]},
        "tags": ["vip", "günstig"],
        "source_type": "orders.order_event",
        "source_id": "1",
        "message_id": f"<{key}@shop.example.com>",
        "relay_at": NOW + timedelta(seconds=30),
        "budget_started_at": NOW,
        "expires_at": NOW + timedelta(days=2),
        "created_at": NOW,
    }
    return Notification(**(usual | values))


def an_attempt(notification: Notification, **values: Any) -> DeliveryAttempt:
    usual = {
        "notification": notification,
        "ticket": 1,
        "number": 1,
        "provider": "smtp",
        "phase": Phase.RESPONSE,
        "outcome": AttemptOutcome.TRANSIENT,
        "summary": "421 zu viel",
        "status_code": 421,
        "started_at": NOW,
        "duration": timedelta(milliseconds=12, microseconds=345),
        "next_step": NextStep.RETRY,
        "next_attempt_at": NOW + timedelta(minutes=1),
    }
    return DeliveryAttempt(**(usual | values))


def columns_of(row: Model, *, but: tuple[str, ...]) -> list[Any]:
    """Return what stands in the database, as its driver gives it."""
    names = [one.column for one in row._meta.concrete_fields if one.name not in but]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(names)} FROM {row._meta.db_table} WHERE id = %s",
            [row._meta.pk.get_db_prep_value(row.pk, connection)],
        )
        return list(cursor.fetchone())


def test_a_notification_is_stored_as_django_would_store_it() -> None:
    ours, theirs = a_notification("ours"), a_notification("theirs")
    assert insertion_of_new([ours])() == {ours.pk}
    theirs.save(force_insert=True)
    differing = ("id", "idempotency_key", "message_id")
    assert columns_of(ours, but=differing) == columns_of(theirs, but=differing)
    assert Notification.objects.get(pk=ours.pk).context == ours.context


def test_an_attempt_is_stored_as_django_would_store_it() -> None:
    row = a_notification()
    row.save(force_insert=True)
    (key,) = insertion_of_new([an_attempt(row)])()
    ours = DeliveryAttempt.objects.get(pk=key)
    theirs = an_attempt(row, ticket=2)
    theirs.save(force_insert=True)
    assert columns_of(ours, but=("id", "ticket")) == columns_of(theirs, but=("id", "ticket"))
    assert ours.duration == timedelta(milliseconds=12, microseconds=345)


ODD = '\'\\u0041\\\\ "%s" {} \u2028 \n\t😀 ::jsonb --'


def test_many_rows_are_stored_as_one_is() -> None:
    values: dict[str, Any] = {
        "recipient_name": ODD,
        "context": {ODD: [ODD, 0.1, 10**20, None, True, {"a": {}}]},
        "tags": [],
        "send_at": None,
        "doubted_ticket": None,
        "sent_at": NOW.replace(microsecond=0),
    }
    names = ("alone", "first", "second")
    alone, *both = (a_notification(name, **values) for name in names)
    insertion_of_new([alone])()
    assert insertion_of_new(both)() == {row.pk for row in both}
    differing = ("id", "idempotency_key", "message_id")
    assert columns_of(both[0], but=differing) == columns_of(alone, but=differing)
    assert columns_of(both[1], but=differing) == columns_of(alone, but=differing)
    stored = Notification.objects.get(pk=both[1].pk)
    assert (stored.recipient_name, stored.context) == (ODD, values["context"])


def test_what_differs_among_many_rows_is_each_ones_own() -> None:
    row = a_notification()
    row.save(force_insert=True)
    moments = [NOW, NOW, None]
    attempts = [
        an_attempt(row, ticket=ticket, next_attempt_at=moment, summary="same")
        for ticket, moment in enumerate(moments)
    ]
    assert len(insertion_of_new(attempts)()) == 3
    found = DeliveryAttempt.objects.order_by("ticket")
    assert [one.next_attempt_at for one in found] == moments
    assert [(one.summary, one.outcome) for one in found] == [("same", "transient")] * 3


def test_a_text_too_long_for_its_column_is_never_cut() -> None:
    too_long = "x" * 36
    rows = [a_notification(name, locale=too_long) for name in ("one", "two")]
    with suppress(DataError), transaction.atomic():  # SQLite's columns have no length
        insertion_of_new(rows)()
    kept = set(Notification.objects.values_list("locale", flat=True))
    assert kept == ({too_long} if connection.vendor == "sqlite" else set())


def test_many_moments_of_odd_zones_are_those_that_were_meant() -> None:
    odd = NOW.astimezone(timezone(timedelta(hours=8, minutes=27, seconds=52)))
    insertion_of_new([a_notification(name, send_at=odd) for name in ("one", "two")])()
    assert [one.send_at for one in Notification.objects.all()] == [NOW, NOW]


@pytest.mark.parametrize(
    "duration",
    [timedelta(0), timedelta(microseconds=-5), timedelta(days=3, microseconds=1)],
    ids=str,
)
def test_many_durations_come_back_as_they_were(duration: timedelta) -> None:
    row = a_notification()
    row.save(force_insert=True)
    insertion_of_new([an_attempt(row, ticket=ticket, duration=duration) for ticket in (1, 2)])()
    assert [one.duration for one in DeliveryAttempt.objects.all()] == [duration] * 2


def test_what_collides_is_left_out_and_not_among_the_keys() -> None:
    first = a_notification("same")
    insertion_of_new([first])()
    copy, other = a_notification("same", locale="en"), a_notification("other")
    assert insertion_of_new([copy, other])() == {other.pk}
    assert Notification.objects.get(idempotency_key="same").locale == "ko"


def test_more_rows_than_a_statement_has_parameters_for_are_all_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored_values, "MOST_PARAMETERS", 100)
    rows = [a_notification(f"{number}") for number in range(7)]
    assert insertion_of_new(rows)() == {row.pk for row in rows}
    assert Notification.objects.count() == 7


def test_nothing_to_write_asks_nothing() -> None:
    assert insertion_of_new([])() == frozenset()
