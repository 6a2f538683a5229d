"""One attachment of a mail: as Django holds it, as it is kept, and as it was again."""

from email import message_from_bytes
from email.message import Message
from email.mime.base import MIMEBase
from email.policy import Policy, compat32
from typing import Any

from django.core.mail import EmailAttachment, EmailMessage

from notifications.models import StoredPart

TEXT, BYTES, MAIL, MIME = "text", "bytes", "mail", "mime"


class ParsedPart(MIMEBase):
    """A MIME part read from bytes; Django and Anymail know parts with headers by `MIMEBase`."""

    def __init__(self, policy: "Policy[Any]" = compat32) -> None:
        # Past MIMEBase's own, which would add headers to those that are about to be read.
        Message.__init__(self, policy=policy)


def kept_part(attachment: Any) -> dict[str, Any]:
    """Return the columns of an attachment of `EmailMessage.attachments`."""
    if isinstance(attachment, MIMEBase):
        return {
            "kind": MIME,
            "filename": attachment.get_filename() or "",
            "mimetype": attachment.get_content_type(),
            "content": attachment.as_bytes(),
        }
    filename, content, mimetype = attachment
    kind, data = _kept_content(content)
    return {"kind": kind, "filename": filename or "", "mimetype": mimetype, "content": data}


def _kept_content(content: Any) -> tuple[str, bytes]:
    if isinstance(content, EmailMessage):
        return MAIL, content.message().as_bytes()
    if isinstance(content, Message):
        return MAIL, content.as_bytes()
    if isinstance(content, str):
        return TEXT, content.encode("utf-8", "surrogatepass")
    return BYTES, bytes(content)


def part_again(part: StoredPart) -> Any:
    """Return the attachment that `kept_part` was given."""
    content = bytes(part.content)
    if part.kind == MIME:
        return message_from_bytes(content, _class=ParsedPart)
    again: Any = content
    if part.kind == TEXT:
        again = content.decode("utf-8", "surrogatepass")
    elif part.kind == MAIL:
        again = message_from_bytes(content)
    return EmailAttachment(part.filename or None, again, part.mimetype)
