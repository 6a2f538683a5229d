"""Rows made without Django's constructor, beside the same rows made with it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Model

from access.loaded_rows import select_where
from access.made_rows import made, restored
from access.models import IdempotencyKey
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from orders.models import Order, OrderEvent, OrderLine

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
ORDER = Order(number="SO-1", created_at=NOW)
ROW = Notification(event="order.placed", created_at=NOW)
ROWS: list[tuple[type[Model], dict[str, Any]]] = [
    (Order, {"id": uuid4(), "number": "SO-1", "created_at": NOW, "updated_at": NOW}),
    (OrderLine, {"order": ORDER, "position": 1, "name": "Tea", "quantity": 2}),
    (OrderEvent, {"id": uuid4(), "order_id": ORDER.pk, "type": "placed", "created_at": NOW}),
    (Notification, {"id": uuid4(), "tags": ["a"], "context": {"a": 1}, "created_at": NOW}),
    (Notification, {"id": uuid4()}),
    (IdempotencyKey, {"api_key_id": uuid4(), "created_at": NOW}),
    (
        DeliveryAttempt,
        {
            "notification": ROW,
            "phase": Phase.RESPONSE,
            "outcome": AttemptOutcome.ACCEPTED,
            "duration": timedelta(seconds=1),
        },
    ),
]


@pytest.mark.parametrize(("model", "values"), ROWS)
def test_it_is_what_the_constructor_makes(model: type[Model], values: dict[str, Any]) -> None:
    ours, theirs = made(model, **values), model(**values)
    assert _told(ours) == _told(theirs)
    assert ours._state.adding is theirs._state.adding is True
    assert ours._state.fields_cache == theirs._state.fields_cache


def test_what_is_made_for_each_row_is_not_shared() -> None:
    one, other = made(Notification), made(Notification)
    assert one.pk != other.pk
    one.tags.append("a")
    assert other.tags == made(Notification).tags == []


def test_a_field_that_there_is_not_is_told() -> None:
    with pytest.raises(TypeError, match="Notification has no recipent"):
        made(Notification, recipent="minji@example.com")


def test_no_related_row_is_none() -> None:
    assert made(OrderLine, order=None).order_id is None


@pytest.mark.django_db
def test_a_restored_row_is_stored_and_complete() -> None:
    row = Notification.objects.create(
        context={}, created_at=NOW, budget_started_at=NOW, expires_at=NOW, relay_at=NOW
    )
    [ours] = select_where(Notification, "idempotency_key = %s", [""], using="default")
    assert _told(ours) == _told(Notification.objects.get(pk=row.pk))
    assert (ours._state.adding, ours._state.db) == (False, "default")


@pytest.mark.django_db
def test_what_a_restored_row_lacks_is_read_when_it_is_asked_for() -> None:
    row = Notification.objects.create(
        event="order.paid", context={}, created_at=NOW, budget_started_at=NOW, expires_at=NOW,
        relay_at=NOW,
    )  # fmt: skip
    ours = restored(Notification, ["id"], [row.pk], using="default")
    assert ours.get_deferred_fields() >= {"event"}
    assert ours.event == "order.paid"
    assert isinstance(ours.pk, UUID)


def _told(row: Model) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "_state"}
