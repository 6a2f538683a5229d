"""A small event of the tests' own, and notifications made through the one door."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from access.roles import OPERATOR, VIEWER
from config.env import Environment
from notifications.delivery import deliver
from notifications.models import Notification, Role
from notifications.outbox import NewNotification, enqueue
from notifications.pace import pace
from notifications.publishing import publisher
from notifications.tickets import Ticketed
from providers import connections, routing
from providers.configuration import read_providers
from templating import contracts
from tests.support.smtp_sink import SmtpSink, refuse

EVENT = "test.greeting"
TEMPLATES = {
    "subject.txt.jinja": "Hello {{ name }}",
    "body.html.jinja": "<html><body><p>Hello <b>{{ name }}</b></p></body></html>",
    "body.txt.jinja": "Hello {{ name }}",
}


class Greeting(contracts.Context):
    """What the tests' mail says."""

    name: str


def greeting(name: str = "Minji") -> dict[str, Any]:
    """Return a context of the tests' event, as it is stored."""
    return Greeting(shop=contracts.shop_context(), name=name).model_dump(mode="json")


@pytest.fixture(autouse=True, scope="session")
def greeting_event() -> None:
    """Register the event, once for the process as an application would."""
    shop = contracts.Shop(name="Shop", url="https://shop.example.com")
    contracts.register(
        contracts.EventContract(
            event=EVENT,
            title="Greeting",
            description="A mail for the tests.",
            context=Greeting,
            samples={"default": Greeting(shop=shop, name="Minji")},
        )
    )


@pytest.fixture(autouse=True)
def fresh_publisher() -> None:
    """Let no test's dead broker spare the next test its own."""
    publisher.reset()


@pytest.fixture(autouse=True)
def connections_end_with_their_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no database connection between tasks: the thread of a test's worker ends before long."""
    monkeypatch.setattr(
        DjangoWorkerFixup, "close_database", lambda fixup, **_: fixup._close_database()
    )


@pytest.fixture(autouse=True)
def fresh_pace() -> None:
    """Let no test's slow provider bring the next test threads."""
    pace.reset()


@pytest.fixture
def greeting_templates(settings: Any, tmp_path: Path) -> Path:
    """Put the event's templates in front of the shipped ones; return their folder."""
    folder = tmp_path / "templates" / EVENT / "en"
    folder.mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings.TEMPLATES_EMAIL_DIRS = [tmp_path / "templates", *settings.TEMPLATES_EMAIL_DIRS]
    return folder


@pytest.fixture
def new_notification() -> Callable[..., NewNotification]:
    """Return a function that describes a notification, each with a key of its own."""
    numbers = count(1)

    def make(**changes: Any) -> NewNotification:
        number = next(numbers)
        defaults: dict[str, Any] = {
            "event": EVENT,
            "recipient": f"customer{number}@example.com",
            "locale": "en",
            "context": greeting(),
            "idempotency_key": f"test-{number}",
            "source_type": "test",
            "source_id": str(number),
            "reference": f"SO-{number}",
            "role": Role.CUSTOMER,
        }
        return NewNotification(**(defaults | changes))

    return make


@pytest.fixture
def enqueued(
    db: None, new_notification: Callable[..., NewNotification]
) -> Callable[..., Notification]:
    """Return a function that enqueues one notification and returns its row."""

    def make(**changes: Any) -> Notification:
        with transaction.atomic():
            return enqueue([new_notification(**changes)])[0]

    return make


@pytest.fixture
def use_providers(settings: Any) -> Iterator[Callable[..., None]]:
    """Give a function that sets the chain of providers as the environment would."""

    def use(**environment: str) -> None:
        settings.MAILERS = read_providers(Environment(environment), debug=False)
        settings.EMAIL_PROVIDERS = list(settings.MAILERS)
        connections.reset()
        routing.reset()

    yield use
    connections.reset()


@pytest.fixture
def sink(use_providers: Callable[..., None]) -> Iterator[SmtpSink]:
    """A real SMTP server that all mail goes to."""
    with SmtpSink() as server:
        use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=server.url)
        yield server


def signed_in(role: str) -> Client:
    """Return the browser of a new person of this role."""
    user = User.objects.create_user(username=role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(db: None, greeting_templates: Path, settings: Any) -> Client:
    """An operator's browser."""
    settings.DEBUG = True  # where files are read anew for every rendering
    return signed_in(OPERATOR)


@pytest.fixture
def viewer(db: None, greeting_templates: Path) -> Client:
    """A viewer's browser."""
    return signed_in(VIEWER)


@pytest.fixture
def attempted(enqueued: Callable[..., Notification], sink: SmtpSink) -> Callable[..., Notification]:
    """Return a function that enqueues one mail and attempts it; the sink gives this answer."""

    def make(answer: str = "", **changes: Any) -> Notification:
        if answer:
            sink.queue(refuse(answer))
        row = enqueued(**changes)
        deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
        row.refresh_from_db()
        return row

    return make
