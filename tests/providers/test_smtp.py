"""SMTP, step by step, against a real server."""

import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from providers import connections
from providers.classify.smtp import judge_reply
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    TransientError,
    UnknownOutcome,
)
from providers.sending import send
from providers.transports.smtp import queue_id
from providers.transports.smtp_session import Step
from tests.support.smtp_sink import (
    Action,
    SmtpFault,
    SmtpSink,
    Stage,
    disconnect,
    hang,
    refuse,
    reset,
    slow,
)

KINDS = {
    "transient": TransientError,
    "configuration": ConfigurationError,
    "permanent": PermanentError,
    "unknown": UnknownOutcome,
}
PHASES = {Stage.CONNECT: Phase.CONNECT, Stage.BODY: Phase.RESPONSE}


@pytest.fixture(params=[True, False], ids=["fast path", "step by step"])
def smtp(request: Any, settings: Any, sink: SmtpSink, use_providers: Any) -> SmtpSink:
    """The sink, as the one provider, in both ways of talking to it."""
    settings.SMTP_FAST_PATH = request.param
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url)
    return sink


def test_a_mail_arrives_whole(smtp: SmtpSink, new_mail: Any) -> None:
    accepted = send("smtp", new_mail())
    [mail] = smtp.messages
    assert mail.sender == "shop@example.org"
    assert mail.recipients == ("minji@example.com",)
    assert mail.message["To"] == "Kim Minji <minji@example.com>"
    assert mail.message["Message-ID"] == "<0192-test@shop.example.org>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert [part.get_content().strip() for part in mail.message.iter_parts()] == [
        "Thank you, 민지.",
        "<p>Thank you, 민지.</p>",
    ]
    assert (accepted.status_code, accepted.provider_message_id) == (250, "OK: kept")


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (refuse("421 4.7.0 Busy", at=Stage.CONNECT), "transient smtp_421"),
        (refuse("554 5.7.1 Go away", at=Stage.CONNECT), "configuration client_refused"),
        (disconnect(at=Stage.CONNECT), "transient connection_failed"),
        (reset(at=Stage.CONNECT), "transient connection_failed"),
        (hang(accept=False, at=Stage.CONNECT), "transient connect_timeout"),
        (refuse("530 5.7.0 Authentication required", at=Stage.MAIL), "configuration unauthorized"),
        (refuse("550 5.7.1 Unknown sender", at=Stage.MAIL), "configuration sender_refused"),
        (refuse("552 5.3.4 Too big", at=Stage.MAIL), "permanent message_too_large"),
        (refuse("451 4.3.0 Later", at=Stage.MAIL), "transient smtp_451"),
        (disconnect(at=Stage.MAIL), "transient disconnected"),
        (hang(accept=False, at=Stage.MAIL), "transient silence"),
        (refuse("451 4.3.0 Later"), "transient smtp_451"),
        (refuse("452 4.2.2 Mailbox full"), "transient smtp_452"),
        (refuse("454 4.7.1 Relay access denied"), "transient smtp_454"),
        (refuse("450 4.7.1 Too many messages"), "transient rate_limited"),
        (refuse("550 5.1.1 <minji@example.com>: no such user"), "permanent recipient_rejected"),
        (
            refuse("554 5.7.1 <minji@example.com>: Relay access denied"),
            "configuration relay_denied",
        ),
        (disconnect(at=Stage.RCPT), "transient disconnected"),
        (hang(accept=False, at=Stage.RCPT), "transient silence"),
        (refuse("451 4.3.2 Later", at=Stage.DATA), "transient smtp_451"),
        (refuse("554 5.5.1 No", at=Stage.DATA), "permanent content_refused"),
        (disconnect(at=Stage.DATA), "transient disconnected"),
        (hang(accept=False, at=Stage.DATA), "transient silence"),
        (refuse("451 4.7.1 Greylisted", at=Stage.BODY), "transient smtp_451"),
        (refuse("554 5.7.1 Spam", at=Stage.BODY), "permanent content_refused"),
        (refuse("552 5.3.4 Too big", at=Stage.BODY), "permanent message_too_large"),
        (
            refuse("554 Message rejected: Email address is not verified.", at=Stage.BODY),
            "configuration sender_refused",
        ),
        (
            refuse(
                "550 5.7.60 Client does not have permissions to send as this sender", at=Stage.BODY
            ),
            "configuration sender_refused",
        ),
        (refuse("nonsense", at=Stage.BODY), "unknown unreadable_answer"),
        (disconnect(at=Stage.BODY, accept=True), "unknown connection_lost"),
        (reset(at=Stage.BODY, accept=True), "unknown connection_lost"),
        (hang(accept=True), "unknown timeout"),
        (hang(accept=False), "unknown timeout"),
    ],
)
def test_a_failure_at_each_step(
    smtp: SmtpSink, failure_of: Any, fault: SmtpFault, meaning: str
) -> None:
    smtp.always(fault)
    failure = failure_of("smtp")
    kind, code = meaning.split()
    assert (type(failure), failure.code) == (KINDS[kind], code)
    assert failure.phase is PHASES.get(fault.stage, Phase.HANDOVER)
    reply = fault.reply[:3] if fault.action is Action.REPLY else ""
    assert failure.status_code == (int(reply) if reply.isdigit() else None)
    assert failure.can_fail_over == (kind in ("transient", "configuration"))


def test_one_mails_failure_does_not_reach_the_next(
    smtp: SmtpSink, new_mail: Any, failure_of: Any
) -> None:
    for fault in (refuse("550 no"), refuse("451 later", at=Stage.BODY), reset(at=Stage.BODY)):
        send("smtp", new_mail())
        smtp.queue(fault)
        failure_of("smtp")
        assert send("smtp", new_mail()).status_code == 250


@pytest.mark.parametrize(
    "fault",
    [disconnect(at=Stage.MAIL), reset(at=Stage.MAIL), refuse("421 4.4.2 Idle", at=Stage.MAIL)],
)
def test_a_kept_connection_that_the_server_closed_is_opened_anew(
    smtp: SmtpSink, new_mail: Any, fault: SmtpFault
) -> None:
    send("smtp", new_mail())
    smtp.queue(fault)
    assert send("smtp", new_mail()).status_code == 250
    assert len(smtp.messages) == 2


def test_a_server_that_comes_back_in_a_moment_is_waited_for(smtp: SmtpSink, new_mail: Any) -> None:
    smtp.stop()
    threading.Timer(0.03, smtp.start).start()
    assert send("smtp", new_mail()).status_code == 250


def test_a_server_that_is_down_has_certainly_not_taken_the_mail(
    unused_port: int, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtp://127.0.0.1:{unused_port}")
    failure = failure_of("smtp")
    assert (type(failure), failure.code) == (TransientError, "connection_refused")


def test_a_name_that_does_not_resolve(use_providers: Any, failure_of: Any) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL="smtp://no-such-host.invalid")
    assert failure_of("smtp").code == "dns_failed"


def test_many_slow_steps_together_stay_within_the_timeout(
    smtp: SmtpSink, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=smtp.url, timeout=1)
    smtp.queue(slow(0.7, at=Stage.CONNECT), slow(0.7, at=Stage.BODY))
    started = time.monotonic()
    assert failure_of("smtp").code == "timeout"
    assert time.monotonic() - started < 1.3


def test_two_mails_use_one_connection_and_each_has_the_whole_timeout(
    smtp: SmtpSink, use_providers: Any, new_mail: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=smtp.url, timeout=1)
    smtp.queue(slow(0.6, at=Stage.BODY), slow(0.6, at=Stage.BODY))
    send("smtp", new_mail())
    send("smtp", new_mail())
    smtp.queue(refuse("554 no second connection", at=Stage.CONNECT))
    assert send("smtp", new_mail()).status_code == 250


def test_a_mail_with_one_refused_recipient_of_two_is_accepted_once(
    smtp: SmtpSink, new_mail: Any
) -> None:
    smtp.queue(slow(0), to="minji@example.com")
    accepted = send("smtp", new_mail(cc=["second@example.com"]))
    assert accepted.refused_recipients == 0
    assert smtp.messages[0].recipients == ("minji@example.com", "second@example.com")


def test_an_address_beyond_ascii_is_sent_as_it_is(smtp: SmtpSink, new_mail: Any) -> None:
    send("smtp", new_mail(to="민지@예시.kr"))
    assert smtp.messages[0].recipients == ("민지@예시.kr",)


def test_an_address_that_is_none_is_the_mails_fault(
    smtp: SmtpSink, failure_of: Any, new_mail: Any
) -> None:
    failure = failure_of("smtp", new_mail(to="minji@@example"))
    assert type(failure) is PermanentError
    assert smtp.messages == []


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("2.0.0 Ok: queued as 4Ff2Lx1Tz0z9sW", "4Ff2Lx1Tz0z9sW"),
        ("OK id=1t2Abc-0001Xy-2F", "1t2Abc-0001Xy-2F"),
        ("2.0.0 4A1B2c3d012345 Message accepted for delivery", "4A1B2c3d012345"),
        ("Ok 0102018f-7c1b-000000", "0102018f-7c1b-000000"),
        ("Thank you", "Thank you"),
    ],
)
def test_the_queue_id_is_found_in_the_last_reply(reply: str, found: str) -> None:
    assert queue_id(reply) == found


@pytest.mark.parametrize("step", Step)
def test_every_reply_at_every_step_has_one_meaning(step: Step) -> None:
    for code in (*range(400, 600), -1, 0, 199, 250, 354, 600, 999):
        verdict = judge_reply(code, "5.0.0 words", step=step, fresh=True)
        proves_nothing = step is Step.BODY and not 400 <= code < 600
        assert (verdict.kind is UnknownOutcome) == proves_nothing, (step, code)


# --- login and TLS, at aiosmtpd, which speaks both


class _Quiet:
    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        return "250 2.0.0 Ok: queued as SECURE1"


@pytest.fixture
def controller() -> Iterator[Any]:
    """Return a function that starts an SMTP server with options of its own."""
    started: list[Controller] = []

    def start(**options: Any) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        one = Controller(_Quiet(), hostname="localhost", port=port, **options)
        one.start()
        started.append(one)
        return port

    yield start
    connections.reset()
    for one in started:
        one.stop(no_assert=True)
    with warnings.catch_warnings():
        # aiosmtpd leaves the sockets of broken handshakes to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        started.clear()
        gc.collect()


def _check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = data.login == b"user" and data.password == b"p@ss:/w"
    return AuthResult(success=right, handled=False)


def test_starttls_and_login(
    controller: Any, tls: Any, use_providers: Any, new_mail: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    port = controller(
        tls_context=tls.context(), require_starttls=True, auth_required=True, authenticator=_check
    )
    use_providers(
        EMAIL_PROVIDERS="smtp",
        SMTP_URL=f"smtp+tls://user:p%40ss%3A%2Fw@localhost:{port}",
        timeout=5,
    )
    assert send("smtp", new_mail()).provider_message_id == "SECURE1"


def test_a_wrong_password_is_a_failure_of_configuration(
    controller: Any, tls: Any, use_providers: Any, failure_of: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    port = controller(tls_context=tls.context(), require_starttls=True, authenticator=_check)
    use_providers(
        EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtp+tls://user:wrong@localhost:{port}", timeout=5
    )
    failure = failure_of("smtp")
    assert (type(failure), failure.code) == (ConfigurationError, "unauthorized")
    assert (failure.phase, failure.status_code) == (Phase.CONNECT, 535)


def test_an_untrusted_certificate_is_never_accepted(
    controller: Any, tls: Any, use_providers: Any, failure_of: Any
) -> None:
    port = controller(tls_context=tls.context())
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtp+tls://localhost:{port}", timeout=5)
    failure = failure_of("smtp")
    assert (type(failure), failure.code, failure.phase) == (
        TransientError,
        "tls_failed",
        Phase.CONNECT,
    )


def test_a_server_without_starttls_is_a_failure_of_configuration(
    smtp: SmtpSink, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtp+tls://127.0.0.1:{smtp.port}")
    failure = failure_of("smtp")
    assert (type(failure), failure.code) == (ConfigurationError, "starttls_unsupported")
    assert smtp.messages == []


def test_a_server_without_login_is_a_failure_of_configuration(
    smtp: SmtpSink, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtp://u:p@127.0.0.1:{smtp.port}")
    assert failure_of("smtp").code == "auth_unsupported"


def test_tls_from_the_first_byte(
    controller: Any, tls: Any, use_providers: Any, new_mail: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    port = controller(ssl_context=tls.context())
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtps://localhost:{port}", timeout=5)
    assert send("smtp", new_mail()).provider_message_id == "SECURE1"


def test_smtps_to_a_plain_server_is_a_failure_before_the_mail_left(
    smtp: SmtpSink, use_providers: Any, failure_of: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=f"smtps://127.0.0.1:{smtp.port}")
    failure = failure_of("smtp")
    assert (type(failure), failure.code, failure.phase) == (
        TransientError,
        "tls_failed",
        Phase.CONNECT,
    )
