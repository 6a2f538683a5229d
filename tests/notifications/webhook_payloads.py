"""Webhooks as each provider sends them, written from its documentation, and signed as it signs.

Each function returns what is posted about a mail: its body, content type and headers. `word` is the
provider's own word for what happened.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from svix.webhooks import Webhook as Svix

from notifications.models import Notification

PASSWORD = "postroom:s3cret"
BASIC = {"Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}
AT = 1_773_480_413
ISO = "2026-03-14T09:26:53Z"
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
RESEND_SECRET = "whsec_" + base64.b64encode(b"resend-signing-secret-32-bytes!!").decode()
MAILGUN_KEY = "mailgun-signing-key"


@dataclass(frozen=True, kw_only=True)
class Post:
    """One HTTP request of a provider."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Esp:
    """One provider: how it is configured here, how it posts, and its words for what happens."""

    name: str
    environment: dict[str, str]
    post: Callable[[Notification, str], Post]
    delivered: str
    hard_bounce: str
    complaint: str
    soft_bounce: str | None = None


def _json(data: Any, headers: dict[str, str]) -> Post:
    return Post(body=json.dumps(data).encode(), headers=headers)


def _metadata(row: Notification) -> dict[str, str]:
    return {"notification_id": str(row.pk), "ticket": "1"}


def postmark(row: Notification, word: str) -> Post:
    """https://postmarkapp.com/developer/webhooks/webhooks-overview."""
    common = {
        "MessageID": row.provider_message_id,
        "ServerID": 23,
        "MessageStream": "outbound",
        "Tag": row.event,
        "Metadata": _metadata(row),
    }
    if word == "Delivery":
        event = {
            "RecordType": "Delivery",
            "Recipient": row.recipient,
            "DeliveredAt": ISO,
            "Details": "Test delivery webhook details",
        }
    else:
        event = {
            "RecordType": "SpamComplaint" if word == "SpamComplaint" else "Bounce",
            "ID": 4323372036854775807,
            "Type": word,
            "TypeCode": 1,
            "Name": word,
            "Description": f"The mail to {row.recipient} came back.",
            "Details": "smtp;550 5.1.1 The email account does not exist.",
            "Email": row.recipient,
            "From": "orders@shop.example.com",
            "BouncedAt": ISO,
            "Inactive": True,
            "CanActivate": True,
            "Subject": "Hello",
        }
    return _json(common | event, BASIC)


def sendgrid(row: Notification, word: str) -> Post:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""
    event = {
        "email": row.recipient,
        "timestamp": AT,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": "bounce" if word == "blocked" else word,
        "category": [row.event],
        "sg_event_id": f"sg-{word}-{row.pk}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "anymail_id": row.provider_message_id,
        **_metadata(row),
    }
    if word in {"bounce", "blocked"}:
        event |= {"reason": "550 5.1.1 unknown user", "status": "5.0.0", "type": word}
    body = json.dumps([event]).encode()
    signature = SENDGRID_KEY.sign(str(AT).encode() + body, ec.ECDSA(hashes.SHA256()))
    return Post(
        body=body,
        headers={
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": str(AT),
        },
    )


def mailgun(row: Notification, word: str) -> Post:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks."""
    event, _, severity = word.partition(":")
    token = hashlib.sha256(f"{word}{row.pk}".encode()).hexdigest()[:50]
    signature = hmac.new(MAILGUN_KEY.encode(), f"{AT}{token}".encode(), hashlib.sha256).hexdigest()
    data: dict[str, Any] = {
        "id": "Ase7i2zsRYeDXztHGENqRA",
        "timestamp": float(AT),
        "log-level": "info",
        "event": event,
        "recipient": row.recipient,
        "message": {"headers": {"message-id": row.provider_message_id.strip("<>")}},
        "delivery-status": {"code": 550, "message": "No such mailbox", "description": ""},
        "tags": [row.event],
        "user-variables": _metadata(row),
    }
    if severity:
        data |= {"severity": severity, "reason": "bounce"}
    signed = {"token": token, "timestamp": str(AT), "signature": signature}
    return _json({"signature": signed, "event-data": data}, {})


def amazon_ses(row: Notification, word: str) -> Post:
    """https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html."""
    kind, _, bounce_type = word.partition(":")
    details: dict[str, Any] = {
        "Delivery": {
            "timestamp": ISO,
            "recipients": [row.recipient],
            "smtpResponse": "250 2.6.0 Message received",
        },
        "Bounce": {
            "bounceType": bounce_type,
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": row.recipient,
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "timestamp": ISO,
        },
        "Complaint": {
            "complainedRecipients": [{"emailAddress": row.recipient}],
            "timestamp": ISO,
            "complaintFeedbackType": "abuse",
        },
    }
    message = {
        "eventType": kind,
        "mail": {
            "timestamp": ISO,
            "messageId": row.provider_message_id,
            "destination": [row.recipient],
            "headers": [{"name": "X-Metadata", "value": json.dumps(_metadata(row))}],
        },
        kind.lower(): details[kind],
    }
    identifier = f"sns-{word}-{row.pk}"
    envelope = {
        "Type": "Notification",
        "MessageId": identifier,
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:postroom",
        "Message": json.dumps(message),
        "Timestamp": ISO,
    }
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": identifier}
    return Post(
        body=json.dumps(envelope).encode(),
        headers=headers | BASIC | {"Content-Type": "text/plain; charset=UTF-8"},
    )


def resend(row: Notification, word: str) -> Post:
    """https://resend.com/docs/dashboard/webhooks/event-types."""
    kind, _, bounce_type = word.partition(":")
    data: dict[str, Any] = {
        "email_id": row.provider_message_id,
        "created_at": ISO,
        "from": "orders@shop.example.com",
        "to": [row.recipient],
        "subject": "Hello",
        "headers": [{"name": "X-Metadata", "value": json.dumps(_metadata(row))}],
    }
    if bounce_type:
        text = "The recipient's email provider sent a hard bounce message."
        data["bounce"] = {"type": bounce_type, "subType": "General", "message": text}
    body = json.dumps({"type": kind, "created_at": ISO, "data": data})
    now, identifier = datetime.now(tz=UTC), f"msg_{word}_{row.pk}"
    signature = Svix(RESEND_SECRET).sign(identifier, now, body)
    headers = {"svix-id": identifier, "svix-timestamp": str(int(now.timestamp()))}
    return Post(body=body.encode(), headers=headers | {"svix-signature": signature})


def brevo(row: Notification, word: str) -> Post:
    """https://developers.brevo.com/docs/transactional-webhooks."""
    event = {
        "event": word,
        "email": row.recipient,
        "id": 26224,
        "date": "2026-03-14 09:26:53",
        "ts_epoch": AT * 1000,
        "message-id": row.provider_message_id,
        "subject": "Hello",
        "tags": [row.event],
        "X-Mailin-custom": json.dumps(_metadata(row)),
        "reason": "550 5.1.1 user unknown",
    }
    return _json(event, BASIC)


def mailjet(row: Notification, word: str) -> Post:
    """https://dev.mailjet.com/email/guides/webhooks/."""
    kind, _, hard = word.partition(":")
    event: dict[str, Any] = {
        "event": kind,
        "time": AT,
        "MessageID": int(row.provider_message_id),
        "email": row.recipient,
        "Payload": json.dumps(_metadata(row)),
    }
    if hard:
        event |= {"hard_bounce": hard == "hard", "blocked": False, "error": "user unknown"}
    return _json([event], BASIC)


def _sendgrid_public_key() -> str:
    encoded = SENDGRID_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(encoded).decode()


ESPS = (
    Esp(
        name="postmark",
        environment={"POSTMARK_SERVER_TOKEN": "t", "POSTMARK_WEBHOOK_SECRET": PASSWORD},
        post=postmark,
        delivered="Delivery",
        hard_bounce="HardBounce",
        soft_bounce="SoftBounce",
        complaint="SpamComplaint",
    ),
    Esp(
        name="sendgrid",
        environment={
            "SENDGRID_API_KEY": "k",
            "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": _sendgrid_public_key(),
        },
        post=sendgrid,
        delivered="delivered",
        hard_bounce="bounce",
        soft_bounce="blocked",
        complaint="spamreport",
    ),
    Esp(
        name="mailgun",
        environment={"MAILGUN_API_KEY": "k", "MAILGUN_WEBHOOK_SIGNING_KEY": MAILGUN_KEY},
        post=mailgun,
        delivered="delivered",
        hard_bounce="failed:permanent",
        complaint="complained",
    ),
    Esp(
        name="amazon_ses",
        environment={"AMAZON_SES_REGION": "eu-west-1", "AMAZON_SES_WEBHOOK_SECRET": PASSWORD},
        post=amazon_ses,
        delivered="Delivery",
        hard_bounce="Bounce:Permanent",
        soft_bounce="Bounce:Transient",
        complaint="Complaint",
    ),
    Esp(
        name="resend",
        environment={"RESEND_API_KEY": "k", "RESEND_SIGNING_SECRET": RESEND_SECRET},
        post=resend,
        delivered="email.delivered",
        hard_bounce="email.bounced:Permanent",
        soft_bounce="email.bounced:Transient",
        complaint="email.complained",
    ),
    Esp(
        name="brevo",
        environment={"BREVO_API_KEY": "k", "BREVO_WEBHOOK_SECRET": PASSWORD},
        post=brevo,
        delivered="delivered",
        hard_bounce="hard_bounce",
        soft_bounce="soft_bounce",
        complaint="spam",
    ),
    Esp(
        name="mailjet",
        environment={
            "MAILJET_API_KEY": "k",
            "MAILJET_SECRET_KEY": "s",
            "MAILJET_WEBHOOK_SECRET": PASSWORD,
        },
        post=mailjet,
        delivered="sent",
        hard_bounce="bounce:hard",
        soft_bounce="bounce:soft",
        complaint="spam",
    ),
)
