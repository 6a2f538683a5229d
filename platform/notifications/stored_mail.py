"""Keeps a mail that came ready-made, and makes the same one of it again.

Django's `EmailMessage` is kept part by part and not as MIME: providers' APIs want the parts, and
MIME taken apart again would not be what its author wrote.

    MailRefused
    ├── TooLarge      more bytes than MAIL_MAX_BYTES
    ├── NoRecipients  nobody to send it to
    └── Unsupported   it holds what cannot be kept, or cannot be sent through every provider
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.charset import Charset
from email.message import Message
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.serializers.json import DjangoJSONEncoder

from notifications.mime_parts import kept_part, part_again
from notifications.models import StoredMail, StoredPart

# What Anymail lets a message carry, and every provider can be given (or leaves out).
CARRIED = ("tags", "metadata", "track_clicks", "track_opens", "envelope_sender", "esp_extra")
# Mail that the provider would have to make of a template of its own, or for each recipient anew.
FOREIGN = ("template_id", "merge_data", "merge_global_data", "merge_metadata", "merge_headers")
PLAIN = (EmailMessage.message, EmailMultiAlternatives.message)
LONGEST_NAME = 255


class MailRefused(ValueError):
    """The mail cannot be taken; the text says why."""


class TooLarge(MailRefused):
    """It has more bytes than it may have."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The mail has {size:,} bytes; at most {settings.MAIL_MAX_BYTES:,} are taken"
            " (MAIL_MAX_BYTES)."
        )


class NoRecipients(MailRefused):
    """Nobody to send it to."""

    def __init__(self) -> None:
        super().__init__("The mail has no recipients.")


class Unsupported(MailRefused):
    """It holds what cannot be kept."""


@dataclass(frozen=True, kw_only=True)
class ReadyMail:
    """A mail as it will be stored, before it has a notification.

    Attributes:
        recipients: all addresses, as they were written, in the order To, Cc, Bcc.
        message_id: its own Message-ID, or "".
        reply_to: for the record; the envelope has all of them.
    """

    envelope: dict[str, Any]
    parts: tuple[StoredPart, ...]
    digest: str
    size: int
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    reply_to: str

    @property
    def addresses(self) -> Iterator[str]:
        """The bare address of each recipient."""
        return (parseaddr(one)[1] for one in self.recipients)

    def records(self, notification_id: Any) -> tuple[StoredMail, list[StoredPart]]:
        """Return the unsaved rows that keep it for a notification."""
        mail = StoredMail(
            notification_id=notification_id,
            envelope=self.envelope,
            digest=self.digest,
            size=self.size,
        )
        for part in self.parts:
            part.mail = mail
        return mail, list(self.parts)


def read(message: EmailMessage) -> ReadyMail:
    """Take a message apart.

    Raises:
        MailRefused: see the module's tree.
        BadHeaderError, UnicodeError, …: as Django raises them for a message that is none.
    """
    _check(message)
    size = len(message.message().as_bytes())
    if size > settings.MAIL_MAX_BYTES:
        raise TooLarge(size)
    headers = {str(name): str(value) for name, value in message.extra_headers.items()}
    envelope = {
        "subject": str(message.subject),
        "body": str(message.body),
        "subtype": message.content_subtype,
        "mixed_subtype": message.mixed_subtype,  # type: ignore[attr-defined]  # missing in the stubs
        "encoding": _encoding(message),
        "from": str(message.from_email),
        **{name: [str(one) for one in getattr(message, name)] for name in ("to", "cc", "bcc")},
        "reply_to": [str(address) for address in message.reply_to],
        "headers": headers,
        "alternatives": _alternatives(message),
        "carried": {name: getattr(message, name) for name in CARRIED if hasattr(message, name)},
    }
    envelope = _as_json(envelope)
    parts = tuple(_parts(message))
    own = {name.lower(): value for name, value in headers.items()}
    return ReadyMail(
        envelope=envelope,
        parts=parts,
        digest=_digest(envelope, parts),
        size=size,
        recipients=tuple(message.recipients()),
        subject=str(message.subject),
        message_id=own.get("message-id", "").strip(),
        reply_to=own.get("reply-to", ", ".join(envelope["reply_to"])),
    )


def _check(message: EmailMessage) -> None:
    if not message.recipients():
        raise NoRecipients
    if type(message).message not in PLAIN:
        raise Unsupported(
            f"{type(message).__name__} makes its own MIME (is it signed?), which cannot be kept."
        )
    for name in FOREIGN:
        if getattr(message, name, None):
            raise Unsupported(f"{name} would leave the mail's making to one provider.")


def _parts(message: EmailMessage) -> Iterator[StoredPart]:
    for position, attachment in enumerate(message.attachments):
        part = StoredPart(position=position, **kept_part(attachment))
        if max(len(part.filename), len(part.mimetype)) > LONGEST_NAME:
            raise Unsupported(
                f"An attachment's name and type have at most {LONGEST_NAME} characters."
            )
        yield part


def _encoding(message: EmailMessage) -> Any:
    encoding: Any = message.encoding
    if isinstance(encoding, Charset):
        return [encoding.input_charset, encoding.header_encoding, encoding.body_encoding]
    return encoding and str(encoding)


def _alternatives(message: EmailMessage) -> list[list[str]]:
    found = getattr(message, "alternatives", None) or []
    for content, mimetype in found:
        if not str(mimetype).startswith("text/"):
            raise Unsupported(f"An alternative of the type {mimetype} cannot be kept.")
        if isinstance(content, bytes | Message):
            raise Unsupported("An alternative is a text.")
    return [[str(content), str(mimetype)] for content, mimetype in found]


def _as_json(envelope: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(envelope, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise Unsupported(f"Only text and JSON values can be kept: {error}.") from error
    if "\\u0000" in text:
        raise Unsupported("The character U+0000 cannot be kept.")
    plain: dict[str, Any] = json.loads(text)
    return plain


def _digest(envelope: dict[str, Any], parts: Collection[StoredPart]) -> str:
    digest = hashlib.sha256(json.dumps(envelope, sort_keys=True).encode())
    for part in parts:
        digest.update(f"\0{part.kind}\0{part.filename}\0{part.mimetype}\0".encode())
        digest.update(part.content)
    return digest.hexdigest()


def message_again(
    mail: StoredMail, *, without: Collection[str] = (), message_id: str
) -> EmailMultiAlternatives:
    """Return the message that `read` was given.

    Args:
        mail: what was kept, its `parts` included.
        without: addresses (bare) that must not be mailed; they are left out of the recipients.
        message_id: the notification's, for a message that brought none.
    """
    kept = mail.envelope
    left = {
        name: [one for one in kept[name] if parseaddr(one)[1] not in without]
        for name in ("to", "cc", "bcc")
    }
    headers = dict(kept["headers"])
    if not any(name.lower() == "message-id" for name in headers):
        headers["Message-ID"] = message_id
    message = EmailMultiAlternatives(
        subject=kept["subject"],
        body=kept["body"],
        from_email=kept["from"],
        reply_to=kept["reply_to"],
        headers=headers,
        **left,
    )
    message.content_subtype = kept["subtype"]
    message.mixed_subtype = kept["mixed_subtype"]  # type: ignore[attr-defined]
    message.encoding = _encoding_again(kept["encoding"])
    for content, mimetype in kept["alternatives"]:
        message.attach_alternative(content, mimetype)
    message.attachments = [part_again(part) for part in mail.parts.all()]
    message.__dict__ |= kept["carried"]
    return message


def _encoding_again(kept: Any) -> Any:
    if not isinstance(kept, list):
        return kept
    charset = Charset(kept[0])
    charset.header_encoding, charset.body_encoding = kept[1:]
    return charset


def addresses(mail: StoredMail) -> Iterator[str]:
    """Yield the bare address of each recipient."""
    for name in ("to", "cc", "bcc"):
        for one in mail.envelope[name]:
            yield parseaddr(one)[1]


def bodies(mail: StoredMail) -> tuple[str, str]:
    """Return the HTML and the text, "" for what it has not."""
    body = mail.envelope["body"]
    is_html = mail.envelope["subtype"] == "html"
    html = next((text for text, kind in mail.envelope["alternatives"] if kind == "text/html"), "")
    return (body, "") if is_html else (html, body)
