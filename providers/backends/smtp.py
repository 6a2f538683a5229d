"""Django's SMTP backend, made to say how far a send came and what the server replied."""

import re
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangoBackend
from django.core.mail.message import sanitize_address

from providers import idle
from providers.backends.wire import as_wire
from providers.transports.smtp_pipeline import Outgoing, Pipeline
from providers.transports.smtp_session import Progress, WatchedSMTP, WatchedSMTPS

DEFAULT_TIMEOUT = timedelta(seconds=20)


# What needs no reading by the grammar of RFC 5322: behind a name, or alone.
_PLAIN_ADDRESS = re.compile(
    r"(?:^|^[^<>@]*<)([A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?(?:\.[A-Za-z]{2,20}){1,3})>?$"
)


class Smtputf8Unsupported(smtplib.SMTPNotSupportedError):
    """The address needs SMTPUTF8 (RFC 6531), which the server does not offer."""


class EmailBackend(DjangoBackend):
    """Sends through one SMTP connection.

    After a send, `reply` is the server's last reply and `refused` maps each refused recipient to
    its reply. Whatever fails, `progress` says where, and `goes_on` whether the connection is still
    of use. `fast_path` writes mail of the common shape quickly, and sends with one round trip for
    each mail where the server offers PIPELINING.
    """

    connection: smtplib.SMTP | None
    _partial_connection: smtplib.SMTP | None

    def __init__(
        self, *, timeout: float | None = None, fast_path: bool = False, **options: Any
    ) -> None:
        seconds = timeout or DEFAULT_TIMEOUT.total_seconds()
        super().__init__(timeout=seconds, **options)
        self.progress = Progress(timeout=timedelta(seconds=seconds))
        self.reply: tuple[int, bytes] = (0, b"")
        self.refused: dict[str, tuple[int, bytes]] = {}
        self.fast_path = fast_path
        self.goes_on = False
        self._pipeline: Pipeline | None = None
        self._written: Outgoing | None = None

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

    def hand_over(self, message: EmailMessage, *, following: EmailMessage | None = None) -> None:
        """Send one mail and leave the connection open. Opening and sending share one deadline.

        `following` is the mail that will be handed over next, if that is known: its envelope may
        leave together with this one's body.

        Raises:
            smtplib.SMTPException, OSError, ValueError: as `smtplib` and Django raise them.
        """
        self.goes_on = False
        if self._pipeline is not None and self._pipeline.announced not in (None, message):
            self.abandon()
        fresh = self.connection is None
        if fresh:
            self.open()
        self.progress.continue_as(fresh=fresh)
        self._send(message, following=following)

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
        self.connection = self._partial_connection = self._pipeline = None

    def _send(self, email_message: EmailMessage, *, following: EmailMessage | None = None) -> bool:
        session = self.connection
        mail = None if session is None else self._outgoing(email_message)
        if session is None or mail is None:
            return False
        session.ehlo_or_helo_if_needed()
        self.reply, self.refused = (0, b""), {}
        if self.fast_path and session.has_extn("pipelining"):
            self._send_pipelined(session, mail, following=following)
        else:
            with idle.meanwhile(partial(self._write_ahead, following)):
                self._send_in_steps(session, mail)
        return True

    def _outgoing(self, message: EmailMessage) -> Outgoing | None:
        """Return the mail as the server gets it; None if it has no recipient."""
        if self._written is not None and self._written.message is message:
            return self._written
        recipients = message.recipients()
        if not recipients:
            return None
        encoding = message.encoding or "utf-8"
        return Outgoing(
            message=message,
            sender=_sender(message.from_email, encoding),
            body=as_wire(message, quick=self.fast_path),
            recipients=[_envelope(address, encoding) for address in recipients],
        )

    def _write_ahead(self, following: EmailMessage | None) -> None:
        """Have the next mail written before it is handed over."""
        self._written = None
        if following is not None:
            with suppress(Exception):  # what is wrong with it is told when it is handed over itself
                self._written = self._outgoing(following)

    def _send_pipelined(
        self, session: Any, mail: Outgoing, *, following: EmailMessage | None
    ) -> None:
        if self._pipeline is None:
            self._pipeline = Pipeline(session, options=partial(_mail_options, session))
        self._write_ahead(following)
        try:
            self.reply = self._pipeline.send(mail, following=self._written)
        finally:
            self.goes_on, self.refused = self._pipeline.in_step, self._pipeline.refused

    def _send_in_steps(self, session: smtplib.SMTP, mail: Outgoing) -> None:
        _check(session.mail(mail.sender, _mail_options(session, mail)), mail.sender)
        for recipient in mail.recipients:
            code, text = session.rcpt(recipient)
            if code not in (250, 251):
                self.refused[recipient] = (code, text)
        if len(self.refused) == len(mail.recipients):
            raise smtplib.SMTPRecipientsRefused(self.refused)
        self.reply = session.data(mail.body)
        if self.reply[0] // 100 != 2:
            raise smtplib.SMTPDataError(*self.reply)


def _check(reply: tuple[int, bytes], sender: str) -> None:
    code, text = reply
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)


_sender = lru_cache(maxsize=256)(sanitize_address)
"""Senders are few, and reading an address by its grammar takes longer than sending it."""


def _envelope(address: str, encoding: str) -> str:
    """Return the address as RCPT takes it: a domain in punycode, a local part as it stands."""
    if match := _PLAIN_ADDRESS.search(address):
        return match[1]
    local, at, domain = address.rpartition("@")
    if local.isascii():
        return sanitize_address(address, encoding)
    # Django would write such a local part as an encoded word, which no envelope can carry.
    return f"{local.rpartition('<')[2]}{at}{domain.rstrip('>')}"


def _mail_options(session: smtplib.SMTP, mail: Outgoing) -> list[str]:
    options = []
    offered = session.esmtp_features  # what `has_extn` looks at, after it has lowered the name
    if "size" in offered:
        # So that a server with a limit refuses before the mail is sent, not after (RFC 1870).
        options.append(f"size={len(mail.body)}")
    if "8bitmime" in offered and not mail.body.isascii():
        options.append("BODY=8BITMIME")
    if not "".join(mail.recipients).isascii():
        if "smtputf8" not in offered:
            raise Smtputf8Unsupported("the server does not offer SMTPUTF8")
        options.append("SMTPUTF8")
    return options
