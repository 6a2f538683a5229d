"""A client made of the published schema, by a tool that knows nothing else, does a shop's work."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

from access import keys
from access.actors import Actor
from config.env import Environment
from notifications.delivery import deliver
from notifications.models import Notification
from notifications.tickets import Ticketed
from providers import connections, routing
from providers.configuration import read_providers
from tests.support.smtp_sink import SmtpSink

pytestmark = [pytest.mark.one_database, pytest.mark.django_db(transaction=True)]
PACKAGE = "postroom_client"
Operation = Callable[..., Any]


@pytest.fixture
def key() -> str:
    """A key with all scopes."""
    return keys.create(name="client", actor=Actor.system("tests")).key


@pytest.fixture
def client(
    live_server: Any, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The generated package, importable."""
    answer = requests.get(
        f"{live_server.url}/api/v1/schema/",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    schema = tmp_path / "schema.yml"
    schema.write_bytes(answer.content)
    tools = Path(sys.executable).parent
    generated = subprocess.run(
        [
            str(tools / "openapi-python-client"),
            "generate",
            f"--path={schema}",
            "--meta=none",
            f"--output-path={tmp_path / PACKAGE}",
            "--fail-on-warning",
        ],
        # Where it finds the formatter that it wants to call.
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    """Where its mail goes."""
    with SmtpSink() as server:
        environment = {"EMAIL_PROVIDERS": "smtp", "SMTP_URL": server.url}
        settings.MAILERS = read_providers(Environment(environment), debug=False)
        settings.EMAIL_PROVIDERS = list(settings.MAILERS)
        connections.reset()
        routing.reset()
        yield server
    connections.reset()


def operation(name: str) -> ModuleType:
    """Return the client's module for one operation id."""
    return importlib.import_module(f"{PACKAGE}.api.v1.{name}")


@pytest.mark.timeout(240)
def test_it_places_an_order_and_follows_its_notification(
    client: ModuleType, live_server: Any, key: str, sink: SmtpSink
) -> None:
    models = importlib.import_module(f"{PACKAGE}.models")
    with client.AuthenticatedClient(base_url=live_server.url, token=key) as shop:
        use(shop, models, sink)


def use(shop: Any, models: ModuleType, sink: SmtpSink) -> None:
    """Place an order, follow its mail, be refused, and pay."""
    order = operation("place_order").sync(
        client=shop,
        idempotency_key="order-7",
        body=models.NewOrderRequest(
            customer=models.CustomerRequest(email="minji@example.com", name="Kim Minji"),
            currency="KRW",
            lines=[models.LineRequest(name="Green tea", quantity=2, unit_price="12000")],
        ),
    )
    assert (order.status.value, order.total) == ("placed", "24000")
    (listed,) = operation("list_notifications").sync(client=shop, order=order.number).results
    assert listed.status.value == "queued"
    row = Notification.objects.get()
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    followed = operation("get_notification").sync(listed.id, client=shop)
    assert followed.status.value == "sent"
    assert [attempt.outcome.value for attempt in followed.attempts] == ["accepted"]
    content = operation("get_notification_content").sync(listed.id, client=shop)
    assert content.subject == sink.messages[0].message["Subject"]
    refused = operation("cancel_notification").sync_detailed(
        listed.id, client=shop, body=models.ReasonRequest(reason="too late")
    )
    assert (refused.status_code, refused.parsed.code) == (409, "illegal_state")
    paid = operation("record_order_event").sync(
        order.number,
        client=shop,
        body=models.NewOrderEventPaidRequest(type_=models.NewOrderEventPaidTypeEnum.PAID),
    )
    assert paid.status_after.value == "paid"
