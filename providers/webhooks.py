"""Reads tracking webhooks: proves who sent them, and translates them, with Anymail's views.

WebhookRefused
├── UnknownWebhook      there is no such provider, or it sends no webhooks
├── NoProofConfigured   nothing is set by which a webhook could be told from a forged one
├── NotAuthenticated    the basic auth of its address is missing or wrong
├── NotAuthentic        its signature is missing or wrong
└── Unreadable          it is truncated, or not what this provider sends
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailWebhookValidationFailure,
)
from anymail.utils import get_request_basic_auth
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from providers.bounces import is_for_good
from providers.catalogue import provider_type
from providers.configuration import ProviderSettings, variable_prefix
from providers.webhook_catalogue import WEBHOOKS, Webhook

# Confirming an SNS subscription is the one time that a webhook makes us call somebody.
SES_CLIENT = {"config": {"connect_timeout": 3, "read_timeout": 5, "retries": {"max_attempts": 0}}}
# What Anymail's views raise for a body that is not as they expect; ValueError holds the errors of
# JSON, Unicode, base64 and times.
MALFORMED = (
    AnymailConfigurationError,  # another kind of webhook, such as that for inbound mail
    AnymailError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class WebhookRefused(Exception):
    """The webhook is not taken; the text says why, to its sender and to the operator."""


class UnknownWebhook(WebhookRefused):
    """There is no provider of this alias, or it sends no webhooks."""


class NoProofConfigured(WebhookRefused):
    """No secret is set for this provider, so that nobody could tell a forged webhook."""


class NotAuthenticated(WebhookRefused):
    """User and password are missing or wrong."""


class NotAuthentic(WebhookRefused):
    """The signature is missing or wrong."""


class Unreadable(WebhookRefused):
    """Truncated, or not what this provider sends."""


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """One event of a webhook, in Anymail's words.

    Attributes:
        kind: Anymail's event type: `delivered`, `bounced`, `opened`, …
        event_id: the provider's id of the event, or "".
        message_id: the provider's id of the message, or "".
        metadata: what we sent along, as far as the provider returns it.
        recipient: the address, or "".
        reason: Anymail's reject reason, or "".
        description: what the provider says of it.
        response: what the recipient's server said.
        is_permanent: for a bounce: the address will never take mail.
        occurred_at: by the provider's clock.
        raw: the event as the provider sent it.
    """

    kind: str
    event_id: str = ""
    message_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    recipient: str = ""
    reason: str = ""
    description: str = ""
    response: str = ""
    is_permanent: bool = False
    occurred_at: datetime | None = None
    raw: Any = None


def read(alias: str, request: HttpRequest) -> list[Tracked]:
    """Return the events of a webhook that was posted for the provider called `alias`.

    Raises:
        WebhookRefused: one of the module's tree.
    """
    provider, webhook = _find(alias)
    view = _view(alias, provider, webhook)
    _check_basic_auth(request, provider)
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        raise NotAuthentic("The webhook's signature is missing or wrong.") from error
    except MALFORMED as error:
        raise Unreadable("The webhook's signature cannot be read.") from error
    try:
        return [_translate(event, provider["TYPE"]) for event in view.parse_events(request)]
    except MALFORMED as error:
        raise Unreadable("The webhook is truncated, or not what this provider sends.") from error


def check(alias: str) -> None:
    """Make sure that the provider called `alias` sends webhooks.

    Raises:
        UnknownWebhook: it does not, or there is none.
    """
    _find(alias)


def _find(alias: str) -> tuple[ProviderSettings, Webhook]:
    provider: ProviderSettings | None = settings.MAILERS.get(alias)
    if provider is None:
        raise UnknownWebhook("EMAIL_PROVIDERS names no such provider.")
    webhook = WEBHOOKS.get(provider["TYPE"])
    if webhook is None:
        raise UnknownWebhook(f"{provider['TYPE']} sends no tracking webhooks.")
    return provider, webhook


def _view(alias: str, provider: ProviderSettings, webhook: Webhook) -> Any:
    options = {
        name: provider["OPTIONS"][name] for name in webhook.borrowed if name in provider["OPTIONS"]
    }
    options |= provider.get("WEBHOOK", {})
    if webhook.proofs.isdisjoint(options):
        prefix = variable_prefix(alias=alias, kind=provider_type(provider["TYPE"]))
        names = " or ".join(
            f"{prefix}_{variable.name}"
            for variable in webhook.variables
            if variable.option[0] in webhook.proofs
        )
        raise NoProofConfigured(
            f"Webhooks of {alias} are refused, because forged ones could not be told; set {names}."
        )
    if provider["TYPE"] == "amazon_ses":
        options["client_params"] = SES_CLIENT
    try:
        # One for each request, as Django does: some of them keep what they read.
        return import_string(webhook.view)(**options)
    except ValueError as error:
        raise NoProofConfigured(
            f"Webhooks of {alias} are refused, because the key to check them cannot be read."
        ) from error


def _check_basic_auth(request: HttpRequest, provider: ProviderSettings) -> None:
    """Check user and password, where they are set; Anymail's own check would not say which failed.

    Amazon SNS sends them only after a 401 has asked for them.
    """
    allowed = provider.get("WEBHOOK", {}).get("webhook_secret")
    if not allowed:
        return
    given = get_request_basic_auth(request) or ""
    if not any(constant_time_compare(given, secret) for secret in allowed):
        raise NotAuthenticated("The webhook's user and password are missing or wrong.")


def _translate(event: Any, kind: str) -> Tracked:
    at = event.timestamp
    return Tracked(
        kind=str(event.event_type),
        event_id=_text(event.event_id),
        message_id=_text(event.message_id),
        metadata=event.metadata if isinstance(event.metadata, Mapping) else {},
        recipient=_text(event.recipient),
        reason=_text(event.reject_reason),
        description=_text(event.description),
        response=_text(event.mta_response),
        is_permanent=event.event_type == "bounced" and is_for_good(kind, event.esp_event),
        occurred_at=at.replace(tzinfo=UTC) if at and at.tzinfo is None else at,
        raw=event.esp_event,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
