"""Amazon SES through boto3, at a real HTTP endpoint, and boto's own exceptions."""

import json
import time
from typing import Any

import pytest
from anymail.exceptions import AnymailAPIError
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from providers.classify.ses import CODES, judge
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)
from providers.sending import send
from tests.support.http_endpoint import Answer, HttpEndpoint


def use_ses(use_providers: Any, url: str, *, timeout: float = 0.8) -> None:
    use_providers(
        timeout=timeout,
        EMAIL_PROVIDERS="amazon_ses",
        AMAZON_SES_REGION="eu-west-1",
        AMAZON_SES_ACCESS_KEY_ID="AKIATEST",
        AMAZON_SES_SECRET_ACCESS_KEY="secret",
        AMAZON_SES_API_URL=url,
        AMAZON_SES_CONFIGURATION_SET_NAME="orders",
    )


def refusal(code: str, message: str, *, status: int = 400, **headers: str) -> Answer:
    return Answer(
        status=status,
        body=json.dumps({"message": message}),
        headers={"x-amzn-ErrorType": code} | headers,
    )


@pytest.fixture
def ses(endpoint: HttpEndpoint, use_providers: Any) -> HttpEndpoint:
    """SES's API, as the one provider."""
    use_ses(use_providers, endpoint.url)
    return endpoint


def test_an_accepted_mail_has_sess_id(ses: HttpEndpoint, new_mail: Any) -> None:
    ses.queue(Answer(body='{"MessageId": "0100-ses"}'))
    accepted = send("amazon_ses", new_mail())
    assert (accepted.provider_message_id, accepted.status_code) == ("0100-ses", 200)
    assert json.loads(ses.received[0].body)["ConfigurationSetName"] == "orders"


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_table_arrives_as_it_says(
    ses: HttpEndpoint, failure_of: Any, code: str
) -> None:
    ses.queue(refusal(code, "words"))
    failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (CODES[code].kind, CODES[code].code)
    assert (failure.status_code, failure.phase) == (400, Phase.RESPONSE)


@pytest.mark.parametrize(
    ("code", "message", "kind", "meaning"),
    [
        (
            "MessageRejected",
            (
                "Email address is not verified. The following identities failed the check "
                "in region EU-WEST-1: shop@example.org"
            ),
            ConfigurationError,
            "sender_refused",
        ),
        (
            "TooManyRequestsException",
            "Daily message quota exceeded.",
            ConfigurationError,
            "quota_exceeded",
        ),
        (
            "TooManyRequestsException",
            "Maximum sending rate exceeded.",
            TransientError,
            "rate_limited",
        ),
        (
            "BadRequestException",
            "Configuration set <orders> does not exist.",
            ConfigurationError,
            "bad_setting",
        ),
        (
            "BadRequestException",
            "Local address contains control or whitespace",
            PermanentError,
            "recipient_invalid",
        ),
        (
            "MessageRejected",
            "Sending suspended for this account.",
            ConfigurationError,
            "account_suspended",
        ),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 2026 is now earlier than",
            ConfigurationError,
            "clock_wrong",
        ),
        ("SomethingNew", "words", PermanentError, "invalid_request"),
    ],
)
def test_one_code_with_several_meanings(
    *, ses: HttpEndpoint, failure_of: Any, code: str, message: str, kind: type, meaning: str
) -> None:
    ses.queue(refusal(code, message))
    failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (kind, meaning)


def test_a_gateway_error_is_an_unknown_outcome(ses: HttpEndpoint, failure_of: Any) -> None:
    ses.queue(Answer(status=502, body="<html>"))
    assert type(failure_of("amazon_ses")) is UnknownOutcome


def test_a_throttled_mail_keeps_the_wait_that_was_asked_for(
    ses: HttpEndpoint, failure_of: Any
) -> None:
    ses.queue(refusal("ThrottlingException", "slow down", status=429, **{"Retry-After": "7"}))
    assert failure_of("amazon_ses").retry_after.total_seconds() == 7


def test_boto_does_not_send_again_by_itself(ses: HttpEndpoint, failure_of: Any) -> None:
    ses.queue(*[refusal("InternalServiceErrorException", "x", status=500)] * 3)
    assert failure_of("amazon_ses").code == "server_error"
    assert len(ses.received) == 1


def test_a_lost_answer_is_an_unknown_outcome(ses: HttpEndpoint, failure_of: Any) -> None:
    ses.queue(Answer(body='{"MessageId"', promised=500))
    assert type(failure_of("amazon_ses")) is UnknownOutcome
    assert len(ses.received) == 1


def test_an_answer_that_is_no_json_is_an_unknown_outcome(
    ses: HttpEndpoint, failure_of: Any
) -> None:
    for body in ("{", "[]", "{}", "<html>"):
        ses.queue(Answer(body=body))
        assert type(failure_of("amazon_ses")) is UnknownOutcome


def test_silence_is_an_unknown_outcome_within_the_timeout(
    ses: HttpEndpoint, failure_of: Any
) -> None:
    ses.queue(Answer(body="x" * 9, drip=3))
    started = time.monotonic()
    failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (UnknownOutcome, "timeout")
    assert time.monotonic() - started < 2


def test_a_refused_connection_has_certainly_not_taken_the_mail(
    unused_port: int, use_providers: Any, failure_of: Any
) -> None:
    use_ses(use_providers, f"http://127.0.0.1:{unused_port}")
    failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (TransientError, "connection_refused")
    assert failure.phase is Phase.CONNECT


def test_an_untrusted_certificate_is_a_failure_before_the_mail_left(
    tls: Any, use_providers: Any, failure_of: Any
) -> None:
    with tls.serving(answer=None) as port:
        use_ses(use_providers, f"https://localhost:{port}")
        failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (TransientError, "tls_failed")


def test_a_reset_under_tls_is_an_unknown_outcome(
    tls: Any, use_providers: Any, failure_of: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tls.certificate))
    with tls.serving(answer=b"") as port:
        use_ses(use_providers, f"https://localhost:{port}")
        assert type(failure_of("amazon_ses")) is UnknownOutcome


def test_missing_credentials_are_a_failure_of_configuration(
    *, use_providers: Any, failure_of: Any, monkeypatch: Any, endpoint: HttpEndpoint
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    use_providers(
        EMAIL_PROVIDERS="amazon_ses",
        AMAZON_SES_REGION="eu-west-1",
        AMAZON_SES_API_URL=endpoint.url,
    )
    failure = failure_of("amazon_ses")
    assert (type(failure), failure.code) == (ConfigurationError, "credentials_unavailable")
    assert endpoint.received == []


def test_an_unknown_profile_is_a_failure_of_configuration(
    use_providers: Any, failure_of: Any
) -> None:
    use_providers(
        EMAIL_PROVIDERS="amazon_ses", AMAZON_SES_REGION="eu-west-1", AMAZON_SES_PROFILE="nobody"
    )
    assert failure_of("amazon_ses").code == "bad_setting"


@pytest.mark.parametrize(
    ("error", "kind", "code", "phase"),
    [
        (
            boto.ConnectTimeoutError(endpoint_url="u"),
            TransientError,
            "connect_timeout",
            Phase.CONNECT,
        ),
        (
            boto.EndpointConnectionError(endpoint_url="u"),
            TransientError,
            "connection_failed",
            Phase.CONNECT,
        ),
        (
            boto.ProxyConnectionError(proxy_url="u"),
            TransientError,
            "connection_failed",
            Phase.CONNECT,
        ),
        (boto.ReadTimeoutError(endpoint_url="u"), UnknownOutcome, "timeout", Phase.RESPONSE),
        (
            boto.ConnectionClosedError(endpoint_url="u"),
            UnknownOutcome,
            "connection_lost",
            Phase.HANDOVER,
        ),
        (boto.HTTPClientError(error="x"), UnknownOutcome, "connection_lost", Phase.HANDOVER),
        (
            boto.SSLError(endpoint_url="u", error="EOF occurred in violation of protocol"),
            UnknownOutcome,
            "connection_lost",
            Phase.HANDOVER,
        ),
        (
            boto.SSLError(endpoint_url="u", error="[SSL: WRONG_VERSION_NUMBER]"),
            TransientError,
            "tls_failed",
            Phase.CONNECT,
        ),
        (boto.NoRegionError(), ConfigurationError, "bad_setting", Phase.CONNECT),
        (
            boto.CredentialRetrievalError(provider="p", error_msg="m"),
            ConfigurationError,
            "credentials_unavailable",
            Phase.CONNECT,
        ),
        (boto.ParamValidationError(report="r"), PermanentError, "unsendable", Phase.CONNECT),
        (ResponseParserError("x"), UnknownOutcome, "unreadable_answer", Phase.RESPONSE),
        (ValueError("Invalid endpoint: x"), ConfigurationError, "bad_setting", Phase.CONNECT),
        (RuntimeError("x"), UnknownOutcome, "unreadable_answer", Phase.RESPONSE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_botos_exceptions_bare_and_inside_anymails(
    error: Exception, kind: type[ProviderError], code: str, phase: Phase
) -> None:
    verdict, found = judge(error)
    assert (verdict.kind, verdict.code, found) == (kind, code, phase)
    if isinstance(error, boto.BotoCoreError):
        wrapped = AnymailAPIError(str(error))
        wrapped.__cause__ = error
        assert judge(wrapped) == (verdict, phase)
