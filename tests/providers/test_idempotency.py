"""Providers that can be asked to take a mail only once."""

import json
import uuid
from typing import Any

import pytest

from providers.idempotency import idempotency_options
from providers.sending import send
from tests.support.http_endpoint import Answer, HttpEndpoint


@pytest.fixture
def three(use_providers: Any, endpoint: HttpEndpoint) -> HttpEndpoint:
    """Resend, Brevo and Postmark at one endpoint."""
    use_providers(
        EMAIL_PROVIDERS="resend,brevo,postmark",
        RESEND_API_KEY="k",
        RESEND_API_URL=endpoint.url,
        BREVO_API_KEY="k",
        BREVO_API_URL=endpoint.url,
        POSTMARK_SERVER_TOKEN="k",
        POSTMARK_API_URL=endpoint.url,
    )
    return endpoint


def test_resend_gets_the_key_as_an_http_header_and_only_with_its_mail(
    three: HttpEndpoint, new_mail: Any
) -> None:
    three.queue(Answer(body='{"id": "1"}'), Answer(body='{"id": "2"}'))
    send("resend", new_mail(), idempotency_key="0192/1")
    send("resend", new_mail())
    keys = [request.headers.get("Idempotency-Key") for request in three.received]
    assert keys == ["0192/1", None]


def test_brevo_gets_a_uuid_that_is_the_same_for_the_same_key(
    three: HttpEndpoint, new_mail: Any
) -> None:
    three.queue(*[Answer(status=201, body='{"messageId": "1"}')] * 3)
    mail = new_mail()
    for key in ("0192/1", "0192/1", "0192/2"):
        send("brevo", mail, idempotency_key=key)
    found = [json.loads(request.body)["headers"]["idempotencyKey"] for request in three.received]
    assert found[0] == found[1] != found[2]
    assert uuid.UUID(found[0])
    assert "idempotencyKey" not in mail.extra_headers


def test_postmark_is_told_to_keep_our_message_id(three: HttpEndpoint, new_mail: Any) -> None:
    three.queue(
        Answer(body='{"ErrorCode":0,"Message":"OK","MessageID":"1","To":"minji@example.com"}')
    )
    send("postmark", new_mail())
    headers = {one["Name"]: one["Value"] for one in json.loads(three.received[0].body)["Headers"]}
    assert headers["X-PM-KeepID"] == "true"
    assert headers["Message-ID"] == "<0192-test@shop.example.org>"


@pytest.mark.parametrize(
    ("alias", "answer"),
    [
        ("resend", Answer(status=409, body='{"name": "invalid_idempotent_request"}')),
        ("brevo", Answer(status=400, body='{"code": "duplicate_parameter"}')),
    ],
)
def test_a_key_that_was_seen_before_means_that_the_mail_was_taken(
    three: HttpEndpoint, new_mail: Any, alias: str, answer: Answer
) -> None:
    three.queue(answer)
    accepted = send(alias, new_mail(), idempotency_key="0192/1")
    assert (accepted.provider, accepted.provider_message_id) == (alias, "")


def test_other_providers_get_nothing() -> None:
    options = idempotency_options("sparkpost", "0192/1")
    assert (options.http_headers, options.mail_headers) == ({}, {})
