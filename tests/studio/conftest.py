"""People with roles, a page's way of asking, and real mails to try templates on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from config.env import Environment
from notifications.models import Notification, Role
from notifications.outbox import NewNotification, enqueue
from providers import connections, routing
from providers.configuration import read_providers
from templating import contracts, live
from tests.support.smtp_sink import SmtpSink

KEY = "order.shipped/ko"
SUBJECT = f"{KEY}/subject.txt.jinja"
HTML = f"{KEY}/body.html.jinja"
TEXT = f"{KEY}/body.txt.jinja"
LAYOUT = "_layouts/subject.txt.jinja"
DATA = "/admin/templates/data/"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A signed-in person's page; every answer is JSON, whatever was asked."""

    client: Client
    user: User

    def get(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """Ask for something; return status and body."""
        return self._told(self.client.get(f"{DATA}{path}/", query))

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Send something; return status and body."""
        return self._told(self.client.post(f"{DATA}{path}/", body, content_type="application/json"))

    def _told(self, response: HttpResponse) -> tuple[int, dict[str, Any]]:
        kind = "application/json" if response.status_code < 400 else "application/problem+json"
        assert response.headers["Content-Type"] == kind, response.content[:300]
        return response.status_code, response.json()  # type: ignore[attr-defined] # the test client's

    def ok(self, told: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        """Return the body of an answer that has to be a 200."""
        status, body = told
        assert status == 200, body
        return body

    def save(self, text: str, *, name: str = SUBJECT, revision: int | None = None) -> int:
        """Save a draft with one changed part; return its revision."""
        key = name.rpartition("/")[0] if not name.startswith("_") else name
        told = self.post("draft", key=key, texts={name: text}, revision=revision)
        return int(self.ok(told)["revision"])


SignIn = Callable[[str], Page]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """Return a function that makes a person of a role and signs them in."""

    def make(role: str) -> Page:
        name = f"{role.lower().replace(' ', '-')}-{User.objects.count()}"
        user = User.objects.create_user(
            name, email=f"{name}@example.com", is_staff=True, is_superuser=role == "superuser"
        )
        if role != "superuser":
            user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return Page(client=client, user=user)

    return make


@pytest.fixture
def editor(sign_in: SignIn) -> Page:
    """An editor's page."""
    return sign_in("Editor")


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    live.forget()
    yield
    live.forget()


@pytest.fixture
def real_mail(db: None) -> Callable[..., Notification]:
    """Return a function that enqueues a mail about an order, as an order event would."""

    def make(
        event: str = "order.shipped",
        *,
        sample: str | None = None,
        locale: str = "ko",
        changes: Callable[[dict[str, Any]], None] | None = None,
    ) -> Notification:
        number = Notification.objects.count() + 1
        samples = contracts.get(event).samples
        chosen = samples[sample] if sample else next(iter(samples.values()))
        context = chosen.model_dump(mode="json")
        context["order"]["number"] = f"SO-{number}"
        if changes:
            changes(context)
        with transaction.atomic():
            (row,) = enqueue(
                [
                    NewNotification(
                        event=event,
                        recipient=context["customer"]["email"],
                        recipient_name=context["customer"]["name"],
                        role=Role.CUSTOMER,
                        locale=locale,
                        context=context,
                        idempotency_key=f"real-{number}",
                        source_type="test",
                        source_id=str(number),
                        reference=f"SO-{number}",
                    )
                ]
            )
        return row

    return make


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """A real SMTP server that all mail goes to."""
    with SmtpSink() as server:
        environment = Environment({"EMAIL_PROVIDERS": "smtp", "SMTP_URL": server.url})
        settings.MAILERS = read_providers(environment, debug=False)
        settings.EMAIL_PROVIDERS = list(settings.MAILERS)
        connections.reset()
        routing.reset()
        yield server
        connections.reset()
