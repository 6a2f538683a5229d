"""A mail as it goes over the wire and into `.eml` files."""

from email.header import Header
from email.message import Message
from typing import Any, cast

from django.core.mail import EmailMessage
from django.core.mail.message import MIMEMixin

from providers.backends import common_shape


def as_wire(message: EmailMessage, *, quick: bool = False) -> bytes:
    """Return the whole mail in RFC 5322's form, its lines ended by CRLF.

    `quick`: mail of the common shape may be written without the email package.
    """
    if quick and (written := common_shape.as_wire(message)) is not None:
        return written
    built = message.message()
    subject = str(message.subject)
    if not subject.isascii():
        _fold_subject(built, subject)
    return cast("MIMEMixin", built).as_bytes(linesep="\r\n")


def _fold_subject(built: "Message[Any, Any]", subject: str) -> None:
    """Encode the subject so that its first line has room for the header's name.

    Django encodes it without regard to the name, and the whole is then folded right behind it:
    legal, but readers that unfold by the letter show a blank before the subject.
    """
    del built["Subject"]
    # Past Django's own setter, which would encode it anew. It has been checked for newlines above.
    Message.__setitem__(built, "Subject", Header(subject, "utf-8", header_name="Subject"))
