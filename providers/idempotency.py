"""Asks a provider to take one mail only once, where it has a way to be asked.

The caller's key stays the same after an unknown outcome and changes after a refusal or a person's
"send it again": a provider that has seen a key answers from memory and sends nothing.

    resend     https://resend.com/docs/dashboard/emails/idempotency-keys  (24 hours, HTTP header)
    brevo      https://developers.brevo.com/docs/heterogenous-versions-batch-emails  (30 minutes, a
               UUID among the mail's headers in the request; a repetition is refused)
    postmark   no key; X-PM-KeepID makes it keep our Message-ID, by which mailboxes drop a copy:
               https://postmarkapp.com/support/article/1232-can-i-set-my-own-message-id-header
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_KEY = 256
_NAMESPACE = uuid.UUID("6f1f1f0e-6b0f-5f0e-9c57-7a8f5d0c6a11")


@dataclass(frozen=True, kw_only=True)
class IdempotencyOptions:
    """What to add to one request."""

    http_headers: Mapping[str, str] = field(default_factory=dict)
    mail_headers: Mapping[str, str] = field(default_factory=dict)


def idempotency_options(provider_type: str, key: str | None) -> IdempotencyOptions:
    """Return what carries `key` to this kind of provider; nothing where it has no place for one."""
    if provider_type == "postmark":
        return IdempotencyOptions(mail_headers={"X-PM-KeepID": "true"})
    if not key:
        return IdempotencyOptions()
    if provider_type == "resend":
        return IdempotencyOptions(http_headers={"Idempotency-Key": key[:LONGEST_KEY]})
    if provider_type == "brevo":
        return IdempotencyOptions(mail_headers={"idempotencyKey": str(uuid.uuid5(_NAMESPACE, key))})
    return IdempotencyOptions()
