"""A mail as it goes over the wire and into `.eml` files."""

from typing import cast

from django.core.mail import EmailMessage
from django.core.mail.message import MIMEMixin


def as_wire(message: EmailMessage) -> bytes:
    """Return the whole mail in RFC 5322's form, its lines ended by CRLF."""
    return cast("MIMEMixin", message.message()).as_bytes(linesep="\r\n")
