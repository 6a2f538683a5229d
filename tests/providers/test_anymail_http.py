"""What an ESP's HTTP API answers, or fails to, through Anymail's real backends."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from providers.classify.http_status import ROWS
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    TransientError,
    UnknownOutcome,
)
from providers.sending import send
from tests.support import fake_esp
from tests.support.fake_esp import POSTMARK_TOKEN, RESEND_KEY, FakeEsp
from tests.support.http_endpoint import Answer, HttpEndpoint


@pytest.fixture
def postmark(esp: FakeEsp, use_providers: Any) -> FakeEsp:
    """Postmark's API, as the one provider."""
    use_providers(
        EMAIL_PROVIDERS="postmark", POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN, POSTMARK_API_URL=esp.url
    )
    return esp


def use_resend(use_providers: Any, url: str, **options: Any) -> None:
    use_providers(
        EMAIL_PROVIDERS="resend", RESEND_API_KEY=RESEND_KEY, RESEND_API_URL=url, **options
    )


def test_an_accepted_mail_has_the_esps_id(postmark: FakeEsp, new_mail: Any) -> None:
    accepted = send("postmark", new_mail())
    [message] = postmark.messages
    assert accepted.provider == "postmark"
    assert accepted.provider_message_id == message.message_id
    assert accepted.status_code == 200
    assert accepted.duration > timedelta(0)
    assert message.payload["Metadata"] == {"notification": "0192"}


@pytest.mark.parametrize(
    ("fault", "kind", "code", "phase"),
    [
        (fake_esp.server_error(500), TransientError, "server_error", Phase.RESPONSE),
        (fake_esp.server_error(503), TransientError, "unavailable", Phase.RESPONSE),
        (fake_esp.server_error(502), UnknownOutcome, "gateway_error", Phase.RESPONSE),
        (fake_esp.server_error(504), UnknownOutcome, "gateway_error", Phase.RESPONSE),
        (fake_esp.silence(accept=True), UnknownOutcome, "timeout", Phase.RESPONSE),
        (fake_esp.slow(2), UnknownOutcome, "timeout", Phase.RESPONSE),
        (fake_esp.reset_after_body(accept=True), UnknownOutcome, "connection_lost", Phase.RESPONSE),
        (fake_esp.reset_before_body(), UnknownOutcome, "connection_lost", Phase.RESPONSE),
        (fake_esp.wrong_json(), UnknownOutcome, "unreadable_answer", Phase.RESPONSE),
        (fake_esp.wrong_json("[]"), UnknownOutcome, "unreadable_answer", Phase.RESPONSE),
        (fake_esp.wrong_json('"ok"'), UnknownOutcome, "unreadable_answer", Phase.RESPONSE),
    ],
)
def test_a_failing_esp(
    *, postmark: FakeEsp, failure_of: Any, fault: Any, kind: type, code: str, phase: Phase
) -> None:
    postmark.queue(fault)
    failure = failure_of("postmark")
    assert (type(failure), failure.code, failure.phase) == (kind, code, phase)
    assert failure.can_fail_over == (kind is TransientError)


def test_a_failure_does_not_reach_the_next_mail(
    postmark: FakeEsp, new_mail: Any, failure_of: Any
) -> None:
    for fault in (
        fake_esp.reset_after_body(accept=False),
        fake_esp.silence(accept=False),
        fake_esp.server_error(500),
    ):
        postmark.queue(fault)
        failure_of("postmark")
        assert send("postmark", new_mail()).status_code == 200


@pytest.mark.parametrize(
    ("code", "words", "kind", "meaning"),
    [
        (10, "Bad or missing API token.", ConfigurationError, "unauthorized"),
        (100, "Maintenance.", TransientError, "unavailable"),
        (300, "Invalid 'To' address: 'minji@example.com'.", PermanentError, "recipient_invalid"),
        (300, "Error parsing 'To': Illegal domain.", PermanentError, "recipient_invalid"),
        (300, "Invalid 'From' address: 'shop@'.", ConfigurationError, "sender_refused"),
        (300, "Invalid metadata content.", PermanentError, "invalid_request"),
        (400, "No Sender Signature found.", ConfigurationError, "sender_refused"),
        (401, "Sender signature not confirmed.", ConfigurationError, "sender_refused"),
        (405, "Not allowed to send.", ConfigurationError, "payment_required"),
        (
            406,
            (
                "You tried to send to a recipient that has been marked as inactive. Found inactive "
                "addresses: minji@example.com. Inactive recipients are ones that have bounced."
            ),
            PermanentError,
            "recipient_inactive",
        ),
        (411, "Forbidden attachment type.", PermanentError, "content_refused"),
        (412, "Your account is pending approval.", ConfigurationError, "account_pending"),
        (413, "This account may not send.", ConfigurationError, "account_suspended"),
        (1235, "No such message stream.", ConfigurationError, "bad_setting"),
        (9999, "Something new.", PermanentError, "invalid_request"),
    ],
)
def test_postmarks_422_means_what_its_error_code_says(
    *, postmark: FakeEsp, failure_of: Any, code: int, words: str, kind: type, meaning: str
) -> None:
    postmark.queue(fake_esp.postmark_error(code, words))
    failure = failure_of("postmark")
    assert (type(failure), failure.code, failure.status_code) == (kind, meaning, 422)


def test_a_wrong_token_is_a_failure_of_configuration(
    esp: FakeEsp, use_providers: Any, failure_of: Any
) -> None:
    use_providers(
        EMAIL_PROVIDERS="postmark", POSTMARK_SERVER_TOKEN="wrong", POSTMARK_API_URL=esp.url
    )
    failure = failure_of("postmark")
    assert (type(failure), failure.code) == (ConfigurationError, "unauthorized")


@pytest.mark.parametrize(
    ("written", "understood"),
    [("7", timedelta(seconds=7)), ("86400", timedelta(hours=1)), ("soon", None), ("-3", None)],
)
def test_retry_after_in_seconds_is_read_and_bounded(
    *, postmark: FakeEsp, failure_of: Any, written: str, understood: timedelta | None
) -> None:
    postmark.queue(fake_esp.rate_limited(retry_after=written))
    failure = failure_of("postmark")
    assert (failure.code, failure.retry_after) == ("rate_limited", understood)


def test_retry_after_as_a_date_is_read(postmark: FakeEsp, failure_of: Any) -> None:
    moment = datetime.now(tz=UTC) + timedelta(seconds=90)
    postmark.queue(fake_esp.rate_limited(retry_after=format_datetime(moment, usegmt=True)))
    assert timedelta(seconds=85) < failure_of("postmark").retry_after <= timedelta(seconds=90)


@pytest.mark.parametrize("status", [*ROWS, 418, 599])
def test_every_status_of_the_table_arrives_as_it_says(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any, status: int
) -> None:
    use_resend(use_providers, endpoint.url)
    endpoint.queue(Answer(status=status, body="no words", content_type="text/plain"))
    failure = failure_of("resend")
    if status in ROWS:
        assert (type(failure), failure.code) == (ROWS[status].kind, ROWS[status].code)
    else:
        assert type(failure) is (PermanentError if status < 500 else UnknownOutcome)
    assert failure.status_code == status


def test_a_redirect_is_not_followed(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url)
    endpoint.queue(Answer(status=302, headers={"Location": f"{endpoint.url}/elsewhere"}))
    failure = failure_of("resend")
    assert (type(failure), failure.code) == (ConfigurationError, "redirected")
    assert len(endpoint.received) == 1


def test_an_acceptance_cut_off_in_the_middle_is_an_unknown_outcome(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url)
    endpoint.queue(Answer(body='{"id": ', promised=500))
    assert type(failure_of("resend")) is UnknownOutcome


def test_a_refusal_cut_off_in_the_middle_is_still_a_refusal(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url)
    endpoint.queue(Answer(status=422, body='{"name": ', promised=500))
    failure = failure_of("resend")
    assert (type(failure), failure.status_code) == (PermanentError, 422)


def test_an_answer_that_drips_cannot_outlast_the_timeout(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url, timeout=0.5)
    endpoint.queue(Answer(body=" " * 1000 + "{}", drip=0.05))
    started = time.monotonic()
    failure = failure_of("resend")
    assert (type(failure), failure.code) == (UnknownOutcome, "timeout")
    assert time.monotonic() - started < 2


def test_an_endless_answer_is_not_read_to_its_end(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url, timeout=5)
    endpoint.queue(Answer(body="x" * 3_000_000))
    assert type(failure_of("resend")) is UnknownOutcome


def test_a_refused_connection_is_tried_again_for_a_moment(
    esp: FakeEsp, use_providers: Any, new_mail: Any
) -> None:
    use_resend(use_providers, esp.url)
    esp.stop()
    threading.Timer(0.03, esp.start).start()
    assert send("resend", new_mail()).status_code == 200
    assert len(esp.messages) == 1


def test_a_provider_that_refuses_connections_has_certainly_not_taken_the_mail(
    unused_port: int, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, f"http://127.0.0.1:{unused_port}")
    failure = failure_of("resend")
    assert (type(failure), failure.code) == (TransientError, "connection_refused")
    assert failure.phase is Phase.CONNECT
    assert failure.can_fail_over


def test_a_name_that_does_not_resolve(use_providers: Any, failure_of: Any) -> None:
    use_resend(use_providers, "http://no-such-host.invalid")
    failure = failure_of("resend")
    assert (type(failure), failure.code, failure.phase) == (
        TransientError,
        "dns_failed",
        Phase.CONNECT,
    )


def test_a_connection_that_is_never_answered(
    black_hole: int, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, f"http://127.0.0.1:{black_hole}", timeout=0.8)
    failure = failure_of("resend")
    assert (type(failure), failure.code) == (TransientError, "connect_timeout")
    assert failure.phase is Phase.CONNECT


def test_plain_http_behind_https_is_a_failure_before_the_mail_left(
    endpoint: HttpEndpoint, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, endpoint.url.replace("http://", "https://"))
    failure = failure_of("resend")
    assert (type(failure), failure.code, failure.phase) == (
        TransientError,
        "tls_failed",
        Phase.CONNECT,
    )


def test_a_certificate_that_nobody_signed_is_a_failure_before_the_mail_left(
    self_signed_port: int, use_providers: Any, failure_of: Any
) -> None:
    use_resend(use_providers, f"https://127.0.0.1:{self_signed_port}")
    failure = failure_of("resend")
    assert (type(failure), failure.code, failure.phase) == (
        TransientError,
        "tls_failed",
        Phase.CONNECT,
    )


def test_a_reset_after_the_handshake_is_an_unknown_outcome_also_under_tls(
    *, resetting_tls_port: int, use_providers: Any, failure_of: Any, monkeypatch: Any, tls: Any
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.certificate))
    use_resend(use_providers, f"https://localhost:{resetting_tls_port}")
    failure = failure_of("resend")
    assert type(failure) is UnknownOutcome
    assert failure.phase is not Phase.CONNECT


def test_an_address_that_is_none_is_the_mails_fault(
    postmark: FakeEsp, failure_of: Any, new_mail: Any
) -> None:
    failure = failure_of("postmark", new_mail(to="not an address"))
    assert (type(failure), failure.code) == (PermanentError, "recipient_invalid")
    assert postmark.tries == []


def test_a_mail_to_nobody_is_not_sent(postmark: FakeEsp, failure_of: Any, new_mail: Any) -> None:
    mail = new_mail()
    mail.to = []
    failure = failure_of("postmark", mail)
    assert (type(failure), failure.code) == (PermanentError, "unsendable")


def test_metadata_that_cannot_be_written_is_the_mails_fault(
    postmark: FakeEsp, failure_of: Any, new_mail: Any
) -> None:
    mail = new_mail()
    mail.metadata = {"bad": object()}
    assert type(failure_of("postmark", mail)) is PermanentError


def test_the_detail_holds_the_answer_without_the_address(
    postmark: FakeEsp, failure_of: Any
) -> None:
    postmark.queue(fake_esp.postmark_error(300, "Bad: Kim Minji <minji@example.com>" + "x" * 5000))
    detail = failure_of("postmark").detail
    assert "***@example.com" in detail
    assert len(detail) == 2000


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port whose backlog is full: connections are neither taken nor refused."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(address)
        fillers.append(filler)
    time.sleep(0.05)
    yield address[1]
    for one in (*fillers, listener):
        one.close()


@pytest.fixture
def self_signed_port(tls: Any) -> Iterator[int]:
    """A TLS server whose certificate no client trusts."""
    with tls.serving(answer=None) as port:
        yield port


@pytest.fixture
def resetting_tls_port(tls: Any) -> Iterator[int]:
    """A TLS server that resets the connection once it has read something."""
    with tls.serving(answer=b"") as port:
        yield port
