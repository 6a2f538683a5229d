"""Django's SMTP backend, made to say how far a send came and what the server replied."""

import smtplib
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangoBackend
from django.core.mail.message import sanitize_address

from providers.backends.wire import as_wire
from providers.transports.smtp_session import Progress, WatchedSMTP, WatchedSMTPS

DEFAULT_TIMEOUT = timedelta(seconds=20)


class Smtputf8Unsupported(smtplib.SMTPNotSupportedError):
    """The address needs SMTPUTF8 (RFC 6531), which the server does not offer."""


class EmailBackend(DjangoBackend):
    """Sends through one SMTP connection.

    After a send, `reply` is the server's last reply and `refused` maps each refused recipient to
    its reply. Whatever fails, `progress` says where.
    """

    connection: smtplib.SMTP | None
    _partial_connection: smtplib.SMTP | None

    def __init__(self, *, timeout: float | None = None, **options: Any) -> None:
        seconds = timeout or DEFAULT_TIMEOUT.total_seconds()
        super().__init__(timeout=seconds, **options)
        self.progress = Progress(timeout=timedelta(seconds=seconds))
        self.reply: tuple[int, bytes] = (0, b"")
        self.refused: dict[str, tuple[int, bytes]] = {}

    @property
    def connection_class(  # type: ignore[override]  # Django calls it, class or not
        self,
    ) -> Callable[..., smtplib.SMTP]:
        """What Django's `open` makes its connection with."""
        return partial(WatchedSMTPS if self.use_ssl else WatchedSMTP, progress=self.progress)

    def open(self) -> bool | None:
        """Connect, greet, encrypt and log in, unless that is done already."""
        if self.connection is None:
            self.progress.begin()
            self.timeout = self.progress.connect_timeout()
        return super().open()

    def hand_over(self, message: EmailMessage) -> None:
        """Send one mail and leave the connection open. Opening and sending share one deadline.

        Raises:
            smtplib.SMTPException, OSError, ValueError: as `smtplib` and Django raise them.
        """
        fresh = self.connection is None
        if fresh:
            self.open()
        self.progress.continue_as(fresh=fresh)
        self._send(message)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each, as Django's own backend does."""
        if self.connection is not None:
            self.progress.continue_as(fresh=False)
        return super().send_messages(email_messages)

    def abandon(self) -> None:
        """Drop the connection without the courtesies that could block or fail."""
        for connection in (self.connection, self._partial_connection):
            if connection is not None:
                connection.close()
        self.connection = self._partial_connection = None

    def _send(self, email_message: EmailMessage) -> bool:
        session = self.connection
        if session is None or not email_message.recipients():
            return False
        encoding = email_message.encoding or "utf-8"
        sender = sanitize_address(email_message.from_email, encoding)
        body = as_wire(email_message)
        session.ehlo_or_helo_if_needed()
        self.reply, self.refused = (0, b""), {}
        recipients = [_envelope(address, encoding) for address in email_message.recipients()]
        _check(
            session.mail(sender, _mail_options(session, body=body, recipients=recipients)), sender
        )
        for recipient in recipients:
            code, text = session.rcpt(recipient)
            if code not in (250, 251):
                self.refused[recipient] = (code, text)
        if len(self.refused) == len(recipients):
            raise smtplib.SMTPRecipientsRefused(self.refused)
        self.reply = session.data(body)
        if self.reply[0] // 100 != 2:
            raise smtplib.SMTPDataError(*self.reply)
        return True


def _check(reply: tuple[int, bytes], sender: str) -> None:
    code, text = reply
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)


def _envelope(address: str, encoding: str) -> str:
    """Return the address as RCPT takes it: a domain in punycode, a local part as it stands."""
    local, at, domain = address.rpartition("@")
    if local.isascii():
        return sanitize_address(address, encoding)
    # Django would write such a local part as an encoded word, which no envelope can carry.
    return f"{local.rpartition('<')[2]}{at}{domain.rstrip('>')}"


def _mail_options(session: smtplib.SMTP, *, body: bytes, recipients: Sequence[str]) -> list[str]:
    options = []
    if session.has_extn("size"):
        # So that a server with a limit refuses before the mail is sent, not after (RFC 1870).
        options.append(f"size={len(body)}")
    if not body.isascii() and session.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if not all(recipient.isascii() for recipient in recipients):
        if not session.has_extn("smtputf8"):
            raise Smtputf8Unsupported("the server does not offer SMTPUTF8")
        options.append("SMTPUTF8")
    return options
