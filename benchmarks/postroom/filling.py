"""The ways in which mail is enqueued in Postroom: by its one door, `outbox.enqueue`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from benchmarks.email import sample
from notifications.outbox import NewNotification, enqueue

HUNDRED = 100
TEMPLATES = Path(__file__).parents[1] / "email"


def single(count: int) -> Iterator[None]:
    """One event at a time, each in a transaction of its own."""
    contexts = _contexts(count)
    yield
    for position, context in enumerate(contexts):
        with transaction.atomic():
            enqueue([_new(position, context)])
        yield


def hundreds(count: int) -> Iterator[None]:
    """A hundred in a transaction."""
    contexts = _contexts(count)
    yield
    for start in range(0, count, HUNDRED):
        some = range(start, min(start + HUNDRED, count))
        with transaction.atomic():
            enqueue([_new(position, contexts[position]) for position in some])
        yield


def publish_template(_count: int) -> Iterator[None]:
    """Put the benchmark's mail live, as an editor would; once, before anything is measured."""
    from access.actors import Actor
    from templating.publishing import Target, publish

    yield
    texts = {
        str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.jinja")
    }
    publish(changes=texts, targets=[Target("order.placed", "en")], actor=Actor.system("benchmarks"))


def _new(position: int, context: dict[str, Any]) -> NewNotification:
    return NewNotification(
        event="order.placed",
        recipient=sample.recipient_of(position),
        recipient_name="",
        locale="en",
        context=context,
        idempotency_key=f"benchmark-{position}",
        source_type="benchmark",
        source_id=str(position),
        reference=sample.number_of(position),
    )


def _contexts(count: int) -> list[dict[str, Any]]:
    items = [
        {
            "sku": sku,
            "name": name,
            "quantity": quantity,
            "unit_price": str(price),
            "total": str(quantity * price),
        }
        for sku, name, quantity, price in sample.LINES
    ]
    shared = {
        "shop": {
            "name": "Moon & Leaf",
            "url": "https://shop.example.com",
            "logo_url": None,
            "support_email": "support@shop.example.com",
        },
        "customer": {"name": sample.CUSTOMER, "email": "ada@example.com"},
        "role": "customer",
    }
    order = {
        "placed_at": datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC).isoformat(),
        "currency": "USD",
        "locale": "en",
        "items": items,
        "subtotal": str(sample.TOTAL - sample.SHIPPING),
        "shipping": str(sample.SHIPPING),
        "discount": "0.00",
        "tax": "0.00",
        "total": str(sample.TOTAL),
        "shipping_address": None,
        "billing_address": None,
        "url": None,
    }
    return [
        shared | {"order": {**order, "number": sample.number_of(position)}}
        for position in range(count)
    ]
