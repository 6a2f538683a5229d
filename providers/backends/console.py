"""Prints each mail on standard output as a person would read it, for development."""

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

RULE = "═" * 78
THIN = "─" * 78


class EmailBackend(BaseEmailBackend):
    """Prints to `stream`; without one to whatever `sys.stdout` is when the mail is sent.

    Each mail is a single write and a flush, so that the mails of several worker processes do not
    interleave on a shared terminal.
    """

    def __init__(self, *, stream: TextIO | None = None, **options: Any) -> None:
        super().__init__(fail_silently=bool(options.pop("fail_silently", False)))
        self.stream = stream

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Print each mail.

        Raises:
            OSError: standard output is closed or full.
        """
        stream = self.stream or sys.stdout
        for message in email_messages:
            _write(stream, as_text(message))
        return len(email_messages)


def as_text(message: EmailMessage) -> str:
    """Return the mail's headers and parts, readable: nothing encoded, HTML as its source."""
    built = message.message()
    headers = [
        f"{name + ':':<17}{value}"
        for name, value in (
            ("Subject", message.subject),
            ("From", message.from_email),
            ("To", ", ".join(message.to)),
            ("Cc", ", ".join(message.cc)),
            ("Bcc", ", ".join(message.bcc)),
            ("Reply-To", ", ".join(message.reply_to)),
            ("Date", built["Date"]),
            ("Message-ID", built["Message-ID"]),
            *((name, str(value)) for name, value in _other_headers(message)),
        )
        if value
    ]
    lines = ["", RULE, *headers]
    for title, content in _parts(message):
        lines += [f"── {title} {THIN}"[:78], content.strip("\r\n")]
    return "\n".join([*lines, RULE, "", ""]).replace("\r\n", "\n")


def _other_headers(message: EmailMessage) -> list[tuple[str, str]]:
    shown = {"from", "to", "cc", "reply-to", "date", "message-id", "subject"}
    return [
        (name, str(value))
        for name, value in message.extra_headers.items()
        if name.lower() not in shown
    ]


def _parts(message: EmailMessage) -> list[tuple[str, str]]:
    parts = [("HTML" if message.content_subtype == "html" else "Text", str(message.body))]
    if isinstance(message, EmailMultiAlternatives):
        for content, mimetype in message.alternatives:
            parts.append(("HTML" if mimetype == "text/html" else str(mimetype), str(content)))
    if message.attachments:
        parts.append(("Attachments", f"{len(message.attachments)} not shown"))
    return parts


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    # A terminal without UTF-8 shows escapes instead of ending the send with an encoding error.
    printable = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(printable)
    stream.flush()
