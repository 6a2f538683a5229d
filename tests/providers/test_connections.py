"""Connections are kept between mails, and never where that could harm one."""

import os
import threading
import time
from typing import Any

import pytest

from providers import connections
from providers.errors import ConfigurationError
from providers.sending import send
from tests.support.http_endpoint import Answer, HttpEndpoint
from tests.support.smtp_sink import SmtpSink, refuse


@pytest.fixture
def smtp(sink: SmtpSink, use_providers: Any) -> SmtpSink:
    """The sink, as the one provider."""
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, timeout=5)
    return sink


def connection() -> object:
    return connections.take("smtp").backend.connection  # type: ignore[attr-defined]


def test_mails_share_a_connection(smtp: SmtpSink, new_mail: Any) -> None:
    send("smtp", new_mail())
    first = connection()
    send("smtp", new_mail())
    assert connection() is first is not None


def test_a_failure_ends_the_connection(smtp: SmtpSink, new_mail: Any, failure_of: Any) -> None:
    send("smtp", new_mail())
    smtp.queue(refuse("421 no more"))
    failure_of("smtp")
    assert connection() is None


def test_an_answered_refusal_leaves_an_http_connection_in_use(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="resend", RESEND_API_KEY="k", RESEND_API_URL=endpoint.url)
    endpoint.queue(Answer(status=422), Answer(status=502))
    failure_of("resend")
    first = connections.take("resend")
    failure_of("resend")
    assert connections.take("resend") is not first
    assert endpoint.received[0].client == endpoint.received[1].client


def test_an_idle_connection_is_not_used_again(
    smtp: SmtpSink, new_mail: Any, monkeypatch: Any
) -> None:
    send("smtp", new_mail())
    first = connection()
    late = time.monotonic() + connections.LONGEST_IDLE.total_seconds()
    monkeypatch.setattr(connections.time, "monotonic", lambda: late)
    connections.close_idle()
    assert connection() is None
    assert first.sock is None  # type: ignore[attr-defined]


def test_each_thread_has_its_own(smtp: SmtpSink, new_mail: Any) -> None:
    send("smtp", new_mail())
    found: list[object] = []

    def other() -> None:
        send("smtp", new_mail())
        found.append(connection())
        connections.reset()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert found[0] is not None
    assert found[0] is not connection()
    assert len(smtp.messages) == 2


def test_a_forked_child_leaves_its_parents_connection_alone(smtp: SmtpSink, new_mail: Any) -> None:
    send("smtp", new_mail())
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if connection() is None and send("smtp", new_mail()) else 1
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    first = connection()
    send("smtp", new_mail())
    assert connection() is first
    assert len(smtp.messages) == 3


def test_new_settings_make_a_new_connection(smtp: SmtpSink, new_mail: Any, settings: Any) -> None:
    send("smtp", new_mail())
    with SmtpSink() as other:
        mailer = settings.MAILERS["smtp"]
        options = {**mailer["OPTIONS"], "port": other.port}
        settings.MAILERS = {"smtp": {**mailer, "OPTIONS": options}}
        send("smtp", new_mail())
        assert len(other.messages) == 1
        connections.reset()


def test_an_unknown_provider_is_a_failure_of_configuration(failure_of: Any) -> None:
    failure = failure_of("nobody")
    assert (type(failure), failure.code) == (ConfigurationError, "bad_setting")
