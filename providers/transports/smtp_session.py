"""An SMTP session that notes how far it came, and that keeps one deadline over all its steps.

`smtplib` reports what failed but not when: the same `SMTPServerDisconnected` arrives before the
first command and after the mail's last line, which is "try again" against "nobody knows".
"""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from providers import idle
from providers.errors import Phase

LONGEST_CONNECT = timedelta(seconds=10)
READ_AT_ONCE = 8192  # bytes
_PLAIN = re.compile(r"[A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_DOT_BELOW = re.compile(rb"\n\.")  # found in a third of the time that `in` takes
_ONE_LINE = re.compile(rb"[0-9]{3} [^\r\n]*\r\n")  # the last line of a reply, and no other
# To MAIL, one RCPT and DATA, each in one line.
_ALL_WELL = re.compile(rb"250 [^\r\n]*\r\n25[01] [^\r\n]*\r\n354 [^\r\n]*\r\n")
EXACT_TO = 1 / 500
"""The share by which a wait may miss the deadline: to set a socket's takes a system call."""


class Step(StrEnum):
    """The steps of a session, in order (RFC 5321, section 4.1)."""

    CONNECT = "connect"
    GREETING = "greeting"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    """After the server's 354: from here on it may have the mail."""

    @property
    def phase(self) -> Phase:
        """The step as the delivery attempt's record names it."""
        if self is Step.BODY:
            return Phase.RESPONSE
        return Phase.HANDOVER if self in OF_A_MAIL else Phase.CONNECT


OF_A_MAIL = frozenset([Step.MAIL, Step.RCPT, Step.DATA, Step.BODY])
_COMMANDS = {
    "ehlo": Step.GREETING,
    "helo": Step.GREETING,
    "starttls": Step.STARTTLS,
    "auth": Step.AUTH,
    "mail": Step.MAIL,
    "rcpt": Step.RCPT,
    "data": Step.DATA,
}


@dataclass
class Progress:
    """How far the present send has come, and until when it may take."""

    timeout: timedelta
    step: Step = Step.CONNECT
    fresh: bool = True
    """Whether the connection was opened for this send, or kept from an earlier one."""

    _deadline: float = field(default=0.0, repr=False)
    _is_late: bool = field(default=False, repr=False)

    def begin(self) -> None:
        """Start the clock of opening a connection and of the send that opened it."""
        self.step, self._is_late = Step.CONNECT, False
        self._deadline = time.monotonic() + self.timeout.total_seconds()

    def continue_as(self, *, fresh: bool) -> None:
        """Go on to the mail itself, on a connection just opened or on one kept from before."""
        self.fresh = fresh
        self.step = Step.MAIL
        if not fresh:
            self._is_late = False
            self._deadline = time.monotonic() + self.timeout.total_seconds()

    def add(self, seconds: float) -> None:
        """Let the send take so much longer."""
        self._deadline += seconds

    def remaining(self) -> float:
        """Return the seconds that are left, never 0, which would mean "do not block"."""
        return max(0.001, self._deadline - time.monotonic())

    def may_wait(self) -> float:
        """Return the seconds that the next word of the server may be waited for.

        After the deadline there is one more moment, for what came while this process had to wait
        for its turn; then no server gets another by going on talking.

        Raises:
            TimeoutError: the deadline is over, and so is that moment.
        """
        if self._is_late:
            raise TimeoutError("the server took too long to say all it had to say")
        self._is_late = time.monotonic() > self._deadline
        return self.remaining()

    def connect_timeout(self) -> float:
        """Return the seconds that opening a connection may take."""
        return min(self.remaining(), LONGEST_CONNECT.total_seconds())


class _Replies:
    """What a server says, line by line: what `smtplib` makes of its socket otherwise.

    Several replies come at once where commands are pipelined. What has come already is read without
    a word to the socket; only where it is waited for is there a deadline to be set.
    """

    def __init__(self, sock: socket.socket, progress: Progress) -> None:
        self._sock = sock
        self._progress = progress
        self._unread = b""

    def readline(self, limit: int) -> bytes:
        """Return a line with its end, or `limit` bytes of one that is longer; b"" at the end."""
        end = self._unread.find(b"\n") + 1
        while not end and len(self._unread) < limit:
            limit_waiting(self._sock, self._progress.may_wait())
            more = self._sock.recv(READ_AT_ONCE)
            if not more:
                end = len(self._unread)
                break
            end = (self._unread + more).find(b"\n") + 1
            self._unread += more
        end = min(end or limit, limit)
        line, self._unread = self._unread[:end], self._unread[end:]
        return line

    def one_that_came(self) -> bytes | None:
        """Return a reply of a single line that has come already, or None."""
        found = _ONE_LINE.match(self._unread)
        if found is None:
            return None
        self._unread = self._unread[found.end() :]
        return found[0]

    def all_was_well(self) -> bool:
        """Read what MAIL, one RCPT and DATA were answered, if all has come and says to go on.

        Nothing is read otherwise.
        """
        found = _ALL_WELL.match(self._unread)
        if found is None:
            return False
        self._unread = self._unread[found.end() :]
        return True

    def close(self) -> None:
        """Forget it; the socket is closed by who opened it."""
        self._unread = b""


class WatchedSMTP(smtplib.SMTP):
    """`smtplib.SMTP` that writes each step into its `Progress`."""

    def __init__(self, host: str, port: int, *, progress: Progress, **keywords: Any) -> None:
        # Before the base class, which connects in its constructor.
        self.progress = progress
        super().__init__(host, port, **keywords)

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, noting its step."""
        self.progress.step = _COMMANDS.get(cmd.lower(), self.progress.step)
        super().putcmd(cmd, args)

    def send(self, s: Any) -> None:
        """Send bytes within what is left of the deadline."""
        if self.sock is not None:
            limit_waiting(self.sock, self.progress.remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """Await a reply within what is left of the deadline."""
        if self.sock is not None and self.file is None:
            self.file = _Replies(self.sock, self.progress)
        code, text = self._reply_that_came() or self._awaited_reply()
        if code == 354 and self.progress.step is Step.DATA:
            self.progress.step = Step.BODY
        return code, text

    def may_send_body(self) -> bool:
        """Read the replies to an envelope of one recipient, if they have come and are the best.

        Nothing is read otherwise. As `getreply` does, it notes that the body is next.
        """
        if self.file is None or not self.file.all_was_well():
            return False
        self.progress.step = Step.BODY
        return True

    def _reply_that_came(self) -> tuple[int, bytes] | None:
        """Return a reply of one line that has come already, as most have that are pipelined."""
        line = self.file.one_that_came() if self.file is not None else None
        return None if line is None else (int(line[:3]), line[4:].strip(b" \t\r\n"))

    def _awaited_reply(self) -> tuple[int, bytes]:
        if self.progress.step in OF_A_MAIL:
            self.progress.add(idle.awaiting_answer())
        return super().getreply()

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Begin a mail; `smtplib` would read the sender by its grammar, however plain it is."""
        if not self.does_esmtp or "SMTPUTF8" in options:
            return super().mail(sender, options)
        return self.docmd("mail", f"FROM:{quoted(sender)} {' '.join(options)}".rstrip())

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name a recipient; `smtplib` would read it by its grammar."""
        if options:
            return super().rcpt(recip, options)
        return self.docmd("rcpt", f"TO:{quoted(recip)}")

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send a mail's bytes; `smtplib` would look for the dots in it by a pattern."""
        code, text = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, text)
        self.send(as_data(msg))
        return self.getreply()


@lru_cache(maxsize=256)  # senders are few, and come with a name
def quoted(address: str) -> str:
    """Return the address in angle brackets; only an odd one needs to be read by its grammar."""
    return f"<{address}>" if _PLAIN.fullmatch(address) else smtplib.quoteaddr(address)


def limit_waiting(sock: socket.socket, seconds: float) -> None:
    """Let each operation of the socket take so long at most, exact to `EXACT_TO` of it."""
    present = sock.gettimeout()
    if present is None or abs(present - seconds) > seconds * EXACT_TO:
        sock.settimeout(seconds)


def as_data(body: bytes) -> bytes:
    """Return the body as DATA takes it: dots doubled (RFC 5321, 4.5.2), and its end marked."""
    if body.startswith(b".") or _DOT_BELOW.search(body):
        body = _LEADING_DOT.sub(b"..", body)
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


class WatchedSMTPS(WatchedSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the first byte (`smtps://`)."""

    def __init__(
        self, host: str, port: int, *, progress: Progress, context: ssl.SSLContext, **keywords: Any
    ) -> None:
        super().__init__(host, port, progress=progress, context=context, **keywords)
