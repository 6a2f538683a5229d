"""Providers' webhooks: verified, stored once, applied by a task, whoever sends them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications import tasks
from notifications.models import Notification, ProviderEvent, Suppression, SuppressionReason
from notifications.states import Status
from tests.notifications.webhook_payloads import BASIC, ESPS, PASSWORD, Esp, Post, postmark

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Anymail's authors cannot test SendGrid any more, and say so whenever it is used.
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
Enqueued = Callable[..., Notification]
UseProviders = Callable[..., None]
each_esp = pytest.mark.parametrize("esp", ESPS, ids=lambda esp: esp.name)


@pytest.fixture
def row(enqueued: Enqueued) -> Notification:
    """A mail that its provider has accepted."""
    row = enqueued(recipient="Minji@example.com")
    Notification.objects.filter(pk=row.pk).update(
        status=Status.SENT, relay_at=None, sent_at=timezone.now(), provider_message_id="1152921"
    )
    row.refresh_from_db()
    return row


def send(post: Post, *, alias: str, **headers: str) -> Any:
    """POST a provider's request."""
    given = {"Content-Type": "application/json"} | post.headers | headers
    content_type = given.pop("Content-Type")
    return Client(raise_request_exception=False).post(
        f"/webhooks/{alias}/tracking/", post.body, content_type=content_type, headers=given
    )


def worked_off(row: Notification) -> str:
    """Let the worker apply what is stored; return the mail's status."""
    waiting = ProviderEvent.objects.filter(processed_at=None)
    tasks.apply_reports(list(waiting.values_list("pk", flat=True)))
    row.refresh_from_db()
    return row.status


def use(esp: Esp, use_providers: UseProviders) -> None:
    use_providers(EMAIL_PROVIDERS=esp.name, **esp.environment)


@each_esp
def test_delivered_mail_is_delivered(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    answer = send(esp.post(row, esp.delivered), alias=esp.name)
    assert (answer.status_code, answer.content) == (200, b"")
    assert worked_off(row) == Status.DELIVERED
    event = row.provider_events.get()
    assert (event.provider, event.event_type) == (esp.name, "delivered")
    assert not Suppression.objects.exists()


@each_esp
def test_a_hard_bounce_suppresses_the_recipient(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    assert send(esp.post(row, esp.hard_bounce), alias=esp.name).status_code == 200
    assert worked_off(row) == Status.BOUNCED
    suppression = Suppression.objects.get()
    assert suppression.address == "minji@example.com"
    assert (suppression.reason, suppression.provider) == (SuppressionReason.HARD_BOUNCE, esp.name)
    assert "minji" not in json.dumps(row.provider_events.get().payload).lower()


@each_esp
def test_a_complaint_suppresses_the_recipient(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    assert send(esp.post(row, esp.complaint), alias=esp.name).status_code == 200
    assert worked_off(row) == Status.COMPLAINED
    assert Suppression.objects.get().reason == SuppressionReason.COMPLAINT


@pytest.mark.parametrize("esp", [esp for esp in ESPS if esp.soft_bounce], ids=lambda esp: esp.name)
def test_a_soft_bounce_suppresses_nobody(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    assert send(esp.post(row, str(esp.soft_bounce)), alias=esp.name).status_code == 200
    assert worked_off(row) == Status.BOUNCED
    assert not Suppression.objects.exists()


@each_esp
def test_without_our_ids_the_providers_message_id_finds_the_mail(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    # Mailgun writes message ids in angle brackets.
    own = "<1152921>" if esp.name == "mailgun" else "1152921"
    Notification.objects.filter(pk=row.pk).update(provider=esp.name, provider_message_id=own)
    use(esp, use_providers)
    stranger = Notification(
        pk=None, provider_message_id=row.provider_message_id, recipient=row.recipient, event="x"
    )
    assert send(esp.post(stranger, esp.delivered), alias=esp.name).status_code == 200
    assert worked_off(row) == Status.DELIVERED


@each_esp
def test_a_replay_is_taken_and_changes_nothing(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    post = esp.post(row, esp.hard_bounce)
    assert send(post, alias=esp.name).status_code == 200
    worked_off(row)
    Suppression.objects.all().delete()
    before = ProviderEvent.objects.values().get()
    assert send(post, alias=esp.name).status_code == 200
    assert worked_off(row) == Status.BOUNCED
    assert ProviderEvent.objects.values().get() == before
    assert not Suppression.objects.exists()


@each_esp
def test_a_forged_webhook_is_refused(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    post = esp.post(row, esp.hard_bounce)
    if "Authorization" in post.headers:
        forged = Post(
            body=post.body, headers=post.headers | {"Authorization": "Basic Zm9vOmJhcg=="}
        )
    elif esp.name == "mailgun":
        signed = json.loads(post.body)
        signed["signature"]["signature"] = "0" * 64
        forged = Post(body=json.dumps(signed).encode())
    else:
        forged = Post(body=post.body + b" ", headers=post.headers)
    answer = send(forged, alias=esp.name)
    assert answer.status_code in {401, 403}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not ProviderEvent.objects.exists()


@each_esp
def test_a_truncated_webhook_is_refused(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    use(esp, use_providers)
    post = esp.post(row, esp.hard_bounce)
    answer = send(Post(body=post.body[:-9], headers=post.headers), alias=esp.name)
    assert 400 <= answer.status_code < 500, answer.content
    assert not ProviderEvent.objects.exists()


@each_esp
def test_a_webhook_of_a_provider_without_a_secret_is_refused_and_says_what_to_set(
    esp: Esp, row: Notification, use_providers: UseProviders
) -> None:
    credentials = {
        name: value
        for name, value in esp.environment.items()
        if name.endswith(("TOKEN", "API_KEY", "SECRET_KEY", "REGION"))
    }
    use_providers(EMAIL_PROVIDERS=esp.name, **credentials)
    answer = send(esp.post(row, esp.delivered), alias=esp.name)
    assert answer.status_code == 503
    assert f"set {esp.name.upper()}_" in answer.json()["detail"]
    assert not ProviderEvent.objects.exists()


def test_amazon_is_asked_for_its_password(row: Notification, use_providers: UseProviders) -> None:
    (ses,) = (esp for esp in ESPS if esp.name == "amazon_ses")
    use(ses, use_providers)
    post = ses.post(row, "Delivery")
    headers = {name: value for name, value in post.headers.items() if name != "Authorization"}
    answer = send(Post(body=post.body, headers=headers), alias="amazon_ses")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.fixture
def two_accounts(use_providers: UseProviders) -> None:
    """Two Postmark accounts; only one expects webhooks."""
    use_providers(
        EMAIL_PROVIDERS="eu=postmark,us=postmark",
        EU_POSTMARK_SERVER_TOKEN="t",
        EU_POSTMARK_WEBHOOK_SECRET=f"old:one, {PASSWORD}",
        US_POSTMARK_SERVER_TOKEN="t",
    )


@pytest.mark.usefixtures("two_accounts")
def test_webhooks_are_per_alias(row: Notification) -> None:
    post = postmark(row, "Delivery")
    assert send(post, alias="eu").status_code == 200
    assert ProviderEvent.objects.get().provider == "eu"
    refused = send(post, alias="us")
    assert refused.status_code == 503
    assert "US_POSTMARK_WEBHOOK_SECRET" in refused.json()["detail"]
    assert send(post, alias="postmark").status_code == 404


@pytest.mark.usefixtures("two_accounts")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"RecordType": ["Delivery"]}',
        b'{"RecordType": "Delivery", "DeliveredAt": 7}',
        b'{"RecordType": "Delivery", "DeliveredAt": "2026-13-45T99:99:99Z"}',
        b'{"FromFull": {}, "RecordType": "Inbound"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_no_provider_sends_is_refused_with_a_reason(body: bytes) -> None:
    answer = send(Post(body=body, headers=BASIC), alias="eu")
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "webhook_unreadable"


@pytest.mark.usefixtures("two_accounts")
def test_texts_that_no_database_stores_are_mended(row: Notification) -> None:
    event = json.loads(postmark(row, "HardBounce").body)
    event |= {"Description": "nul \x00, half \ud800", "MessageID": "m" * 5000, "ID": "\x00"}
    answer = send(Post(body=json.dumps(event).encode(), headers=BASIC), alias="eu")
    assert answer.status_code == 200, answer.content
    assert worked_off(row) == Status.BOUNCED


@pytest.mark.usefixtures("two_accounts")
def test_a_large_body_is_refused_before_it_is_read(settings: Any) -> None:
    settings.WEBHOOK_MAX_BODY_BYTES = 2000
    answer = send(Post(body=b"x" * 2001, headers=BASIC), alias="eu")
    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 2000)


@pytest.mark.usefixtures("two_accounts")
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_provider_may_try_the_address(method: str) -> None:
    assert getattr(Client(), method)("/webhooks/eu/tracking/").status_code == 200
    assert getattr(Client(), method)("/webhooks/nobody/tracking/").status_code == 404


@pytest.mark.parametrize("alias", ["smtp", "console"])
def test_who_sends_no_webhooks_has_no_address_for_them(
    alias: str, use_providers: UseProviders
) -> None:
    use_providers(EMAIL_PROVIDERS=alias, SMTP_URL="smtp://localhost:25")
    assert send(Post(body=b"{}"), alias=alias).status_code == 404
