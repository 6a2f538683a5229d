"""Sends mail after mail with one round trip each, where the server offers PIPELINING (RFC 2920).

    we                                          the server
    MAIL a, RCPT a, DATA                ->
                                        <-      250, 250, 354
    the body of a, MAIL b, RCPT b, DATA ->
                                        <-      250 (a is taken), 250, 250, 354
    the body of b, …

A body leaves only after its own 354, so what is unknown when the connection is lost is the one
mail whose body has left. Every reply belongs to one command of one mail, and is judged as if it had
come alone.
"""

import smtplib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.mail import EmailMessage

from providers.transports.smtp_session import Step, WatchedSMTP, as_data, quoted

Reply = tuple[int, bytes]
_CLOSING = 421  # the server closes the connection, wherever it says so (RFC 5321, 3.8)


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A mail as the server gets it: its envelope and its bytes."""

    message: EmailMessage
    sender: str
    recipients: Sequence[str]
    body: bytes


MailOptions = Callable[[Outgoing], Sequence[str]]


class Pipeline:
    """The mails of one session.

    After a send, `in_step` says whether both sides agree on what comes next, so that the session
    can be used again; `refused` maps each refused recipient to its reply.
    """

    def __init__(self, session: WatchedSMTP, *, options: MailOptions) -> None:
        self._session = session
        self._options = options
        self._announced: Outgoing | None = None
        self._to_reset = False
        self.in_step = True
        self.refused: dict[str, Reply] = {}
        if session.sock is not None:
            # Each group is sent whole: its end must not wait for the other side's delayed ACK.
            session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def announced(self) -> EmailMessage | None:
        """The mail whose envelope has left already; no other one may be sent before it."""
        return self._announced.message if self._announced is not None else None

    def send(self, mail: Outgoing, *, following: Outgoing | None) -> Reply:
        """Send `mail`, and with its body the envelope of the one that is to be sent after it.

        Raises:
            smtplib.SMTPException, OSError: as smtplib's `sendmail` does, at the same steps.
        """
        session = self._session
        self.in_step, self.refused = False, {}
        session.progress.step = Step.MAIL
        envelope = b"" if self._announced is mail else self._envelope(mail)
        self._announced = None
        if envelope:
            session.send(envelope)
        self._read_envelope(mail)
        ahead = self._ahead(following)
        session.send(as_data(mail.body) + ahead)
        reply = session.getreply()
        self._announced = following if ahead else None
        self.in_step = reply[0] != _CLOSING
        if reply[0] // 100 != 2:
            raise smtplib.SMTPDataError(*reply)
        return reply

    def _ahead(self, following: Outgoing | None) -> bytes:
        try:
            return self._envelope(following) if following is not None else b""
        except (smtplib.SMTPException, ValueError):  # it will be told so itself
            return b""

    def _envelope(self, mail: Outgoing) -> bytes:
        options = self._options(mail)
        lines = [f"MAIL FROM:{quoted(mail.sender)} {' '.join(options)}".rstrip()]
        lines += [f"RCPT TO:{quoted(recipient)}" for recipient in mail.recipients]
        joined = "".join(lines)
        if "\r" in joined or "\n" in joined:
            raise ValueError("an address holds a line break")
        reset = ["RSET"] if self._to_reset else []
        encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        return "\r\n".join([*reset, *lines, "DATA", ""]).encode(encoding)

    def _read_envelope(self, mail: Outgoing) -> None:
        session, progress = self._session, self._session.progress
        if not self._to_reset and len(mail.recipients) == 1 and session.may_send_body():
            return  # as nearly always; who is refused something is told by what is read below
        if self._to_reset:
            self._to_reset = False
            if session.getreply()[0] // 100 != 2:
                raise smtplib.SMTPServerDisconnected("RSET was refused")
        code, text = session.getreply()
        if code != 250:
            self._pass_over(len(mail.recipients) + 1, after=code)
            raise smtplib.SMTPSenderRefused(code, text, mail.sender)
        progress.step = Step.RCPT
        for recipient in mail.recipients:
            reply = session.getreply()
            if reply[0] not in (250, 251):
                self.refused[recipient] = reply
        if len(self.refused) == len(mail.recipients):
            self._pass_over(1, after=reply[0])
            raise smtplib.SMTPRecipientsRefused(self.refused)
        progress.step = Step.DATA
        code, text = session.getreply()
        if code != 354:
            self._pass_over(0, after=code)
            raise smtplib.SMTPDataError(code, text)

    def _pass_over(self, count: int, *, after: int) -> None:
        """Read the replies to the rest of a refused envelope, so that the session can go on."""
        if after == _CLOSING:
            return
        try:
            codes = [self._session.getreply()[0] for _ in range(count)]
        except (smtplib.SMTPException, OSError):
            return
        # After a 354 the server takes all that comes for a body: then only closing is clear.
        self.in_step = not {354, _CLOSING}.intersection(codes)
        self._to_reset = self.in_step
