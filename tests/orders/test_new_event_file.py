"""Adding an event is one file and one folder of templates; nothing else knows its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_framework.test import APIClient

import orders.events
from notifications.models import Notification
from orders import event_types
from orders.models import Order
from templating import contracts
from templating.rendering import render
from tests.orders.requests import ORDERS, body, events

EVENT_FILE = '''
"""order.ready: it waits in the shop to be fetched."""

from orders.contexts import OrderContext, Part
from orders.event_types import EventData, Moment, OrderEventType
from orders.samples import samples
from orders.states import Status
from orders.text import OptionalLine
from templating.contracts import EventContract


class ReadyData(EventData):
    """Which counter."""

    counter: OptionalLine = None


class Pickup(Part):
    """Where to fetch it."""

    counter: str | None = None


class ReadyContext(OrderContext):
    """The order and where it waits."""

    pickup: Pickup


def details(moment: Moment[ReadyData]) -> dict[str, Pickup]:
    """Return where it waits."""
    return {"pickup": Pickup(counter=moment.data.counter)}


EVENT = OrderEventType(
    name="ready",
    contract=EventContract(
        event="order.ready",
        title="Order ready",
        description="Tells the customer that the order can be fetched.",
        context=ReadyContext,
        samples=samples(ReadyContext, lambda _order: {"pickup": Pickup(counter="2")}),
    ),
    data=ReadyData,
    legal_from=frozenset({Status.PAID}),
    leads_to=None,
    details=details,
)
'''
TEMPLATES = {
    "subject.txt.jinja": "{{ order.number }}: fetch it at {{ pickup.counter }}",
    "body.html.jinja": "<p>{{ customer.name }}, counter {{ pickup.counter }}</p>",
    "body.txt.jinja": "{{ customer.name }}, counter {{ pickup.counter }}",
}


@pytest.fixture
def new_event(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put an event's file and templates where such things lie, and start up."""
    code, templates = tmp_path / "events", tmp_path / "templates"
    code.mkdir()
    (code / "ready.py").write_text(EVENT_FILE, encoding="utf-8")
    folder = templates / "order.ready" / "en"
    folder.mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(orders.events, "__path__", [*orders.events.__path__, str(code)])
    settings.TEMPLATES_EMAIL_DIRS = [*settings.TEMPLATES_EMAIL_DIRS, templates]  # type: ignore[attr-defined]
    event_types.discover()
    yield
    # A process keeps its events for life; only tests take one away again.
    event_types._registered.pop("ready")
    contracts._contracts.pop("order.ready")


@pytest.mark.usefixtures("new_event")
def test_an_event_added_as_a_file_and_a_folder_is_posted_and_mailed(api: APIClient) -> None:
    api.post(ORDERS, body(number="TEA-7", locale="en"))
    refused = api.post(events("TEA-7"), {"type": "ready", "data": {"counter": "2"}})
    assert refused.status_code == 409

    api.post(events("TEA-7"), {"type": "paid"})
    assert "ready" in api.get(f"{ORDERS}TEA-7/").json()["legal_events"]
    unknown = api.post(events("TEA-7"), {"type": "ready", "data": {"conter": "2"}})
    assert unknown.json()["errors"][0]["pointer"] == "#/data/conter"
    accepted = api.post(events("TEA-7"), {"type": "ready", "data": {"counter": "2"}})

    assert accepted.status_code == 201
    assert accepted.json()["event"] == "order.ready"
    assert Order.objects.get().status == "paid"
    mail = Notification.objects.get(event="order.ready")
    rendered = render(event=mail.event, locale=mail.locale, context=mail.context)
    assert rendered.subject == "TEA-7: fetch it at 2"
    assert "Kim Minji, counter 2" in rendered.text
    assert "Kim Minji, counter 2" in rendered.html
