"""Providers as the environment would name them, and one mail to send through them."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from config.env import Environment
from providers import connections, routing
from providers.configuration import read_providers
from providers.errors import ProviderError
from providers.sending import send
from tests.providers.tls_server import Tls
from tests.support.fake_esp import FakeEsp
from tests.support.http_endpoint import HttpEndpoint
from tests.support.smtp_sink import SmtpSink

UseProviders = Callable[..., None]
NewMail = Callable[..., EmailMultiAlternatives]


@pytest.fixture
def use_providers(settings: Any) -> Iterator[UseProviders]:
    """Return a function that reads the providers from environment variables given by keyword."""

    def use(*, timeout: float = 0.6, **variables: str) -> None:
        settings.MAILERS = read_providers(Environment(variables), debug=False)
        settings.EMAIL_PROVIDERS = list(settings.MAILERS)
        settings.EMAIL_SEND_TIMEOUT = timedelta(seconds=timeout)
        connections.reset()
        routing.reset()

    yield use
    connections.reset()
    routing.reset()


@pytest.fixture
def new_mail() -> NewMail:
    """Return a function that makes a mail as deliveries do."""

    def make(
        *, to: str = "Kim Minji <minji@example.com>", **changes: Any
    ) -> EmailMultiAlternatives:
        facts: dict[str, Any] = {
            "subject": "Your order SO-1001",
            "body": "Thank you, 민지.",
            "from_email": "Shop <shop@example.org>",
            "to": [to],
            "headers": {
                "Message-ID": "<0192-test@shop.example.org>",
                "Auto-Submitted": "auto-generated",
            },
        }
        mail = EmailMultiAlternatives(**(facts | changes))
        mail.attach_alternative("<p>Thank you, 민지.</p>", "text/html")
        mail.metadata = {"notification": "0192"}
        mail.tags = ["order.placed"]
        return mail

    return make


@pytest.fixture
def failure_of(new_mail: NewMail) -> Callable[..., ProviderError]:
    """Return a function that sends a mail which must fail, and returns how it failed."""

    def fail(
        alias: str, mail: EmailMultiAlternatives | None = None, **options: Any
    ) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            send(alias, mail or new_mail(), **options)
        assert caught.value.provider == alias
        assert "minji" not in f"{caught.value.detail}{caught.value.summary}{caught.value}".lower()
        return caught.value

    return fail


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A real SMTP server."""
    with SmtpSink() as server:
        yield server


@pytest.fixture
def esp() -> Iterator[FakeEsp]:
    """A real HTTP endpoint that speaks Postmark's and Resend's APIs."""
    with FakeEsp() as server:
        yield server


@pytest.fixture
def endpoint() -> Iterator[HttpEndpoint]:
    """A real HTTP endpoint that answers as a test tells it."""
    with HttpEndpoint() as server:
        yield server


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate that nobody but the tests trusts."""
    return Tls(tmp_path_factory.mktemp("tls"))
