"""A real SMTP server that keeps what it accepts and fails as it is told.

In a test: `with SmtpSink() as sink: sink.queue(refuse("451 …")); …; sink.messages`.
On its own: `python -m tests.support.smtp_sink --port 2525 --record mail.jsonl`; then `command()`
scripts it from another process, over SMTP itself.
"""

import base64
import dataclasses
import email.policy
import json
import smtplib
import socketserver
import time
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

from tests.support.fake_server import FakeServer, reset_connection, serve_alone
from tests.support.scripts import EVERYBODY

GREETING = "220 sink.test ESMTP"
CAPABILITIES = (
    "250-sink.test",
    "250-PIPELINING",
    "250-8BITMIME",
    "250-SMTPUTF8",
    "250 SIZE 33554432",
)
CONTROL_VERB = "XPOSTROOM"


class Stage(StrEnum):
    """Where in the conversation a fault strikes."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  # once the body has arrived


class Action(StrEnum):
    """What the sink does instead of going on."""

    REPLY = "reply"
    DISCONNECT = "disconnect"
    RESET = "reset"
    HANG = "hang"
    WAIT = "wait"  # for `delay`, then all goes well


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmtpFault:
    """One thing that goes wrong with one message, or with one connection at `Stage.CONNECT`."""

    stage: Stage
    action: Action
    reply: str = ""
    accept: bool = False  # whether the message counts as accepted all the same
    delay: float = 0.0  # seconds before the action


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReceivedMail:
    """One message that the sink accepted."""

    at: float  # seconds since the epoch: when it had arrived, however slowly that was answered
    sender: str
    recipients: tuple[str, ...]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return email.message_from_bytes(self.data, policy=email.policy.default)

    def as_json(self) -> str:
        """The message as one line for the record file."""
        fields = dataclasses.asdict(self)
        return json.dumps(fields | {"data": base64.b64encode(self.data).decode("ascii")})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transaction:
    """One try of a client to hand over a message, and how it ended."""

    at: float
    recipients: tuple[str, ...]
    fault: SmtpFault | None
    accepted: bool


def refuse(reply: str, *, at: Stage = Stage.RCPT) -> SmtpFault:
    """Answer with `reply`, such as `451 4.3.0 Try again later`."""
    return SmtpFault(stage=at, action=Action.REPLY, reply=reply)


def hang(*, accept: bool, at: Stage = Stage.BODY) -> SmtpFault:
    """Say nothing more, having accepted the message or not."""
    return SmtpFault(stage=at, action=Action.HANG, accept=accept)


def disconnect(*, at: Stage, accept: bool = False) -> SmtpFault:
    """Close the connection instead of answering."""
    return SmtpFault(stage=at, action=Action.DISCONNECT, accept=accept)


def reset(*, at: Stage, accept: bool = False) -> SmtpFault:
    """Send a TCP reset instead of answering."""
    return SmtpFault(stage=at, action=Action.RESET, accept=accept)


def slow(seconds: float, *, at: Stage = Stage.BODY) -> SmtpFault:
    """Take the message, but take one's time."""
    return SmtpFault(stage=at, action=Action.WAIT, delay=seconds)


class HangUpError(Exception):
    """The conversation ends here."""


class Conversation(socketserver.StreamRequestHandler):
    """One client's connection."""

    server: "_Server"
    disable_nagle_algorithm = True  # it would hold back each reply but the first of a group

    def setup(self) -> None:
        """Forget any earlier message."""
        super().setup()
        self.sink = self.server.sink
        self.sink.connections += 1
        self._forget()

    def _forget(self) -> None:
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.may_send = False
        self.fault: SmtpFault | None = None

    def handle(self) -> None:
        """Talk until the client or a fault ends it."""
        try:
            greeting = self.sink.take(Stage.CONNECT)
            if greeting is None or self._strike(greeting):
                self._say(GREETING)
            while line := self.rfile.readline(65_536):
                self._obey(line.decode("utf-8", errors="replace").rstrip("\r\n"))
        except (HangUpError, ConnectionError, TimeoutError):
            return

    def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self._say(*CAPABILITIES)
            case "MAIL":
                self._begin(_address(rest))
            case "RCPT":
                self._add_recipient(_address(rest))
            case "DATA":
                self._receive()
            case "QUIT":
                self._say("221 Bye")
                raise HangUpError
            case "HELO" | "NOOP":
                self._say("250 OK")
            case "RSET":
                self._forget()
                self._say("250 OK")
            case verb if verb == CONTROL_VERB:
                self.sink.obey(json.loads(base64.b64decode(rest)))
                self._say("250 OK")
            case _:
                self._say("502 Command not implemented")

    def _begin(self, sender: str) -> None:
        if self.sender is not None:
            self._say("503 5.5.1 Nested MAIL command")
            return
        self.fault = self.sink.take(Stage.MAIL)
        if self._passes(Stage.MAIL):
            self.sender = sender
            self._say("250 OK")

    def _add_recipient(self, recipient: str) -> None:
        if self.sender is None:
            self._say("503 5.5.1 Need MAIL command")
            return
        self.recipients.append(recipient)
        self.fault = self.fault or self.sink.take(Stage.RCPT, recipient)
        if self._passes(Stage.RCPT):
            self.may_send = True
            self._say("250 OK")

    def _receive(self) -> None:
        if not self.may_send:
            self._say("554 5.5.1 No valid recipients")
            return
        if not self._passes(Stage.DATA):
            return
        self._say("354 Go ahead")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise HangUpError
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = self._mail(b"".join(lines))
        if self.fault is not None and self.fault.accept:
            self.sink.keep(mail)
        if self._passes(Stage.BODY):
            self.sink.keep(mail)
            self.sink.note(self._transaction(accepted=True))
            self._say("250 OK: kept")
        self._forget()

    def _mail(self, data: bytes) -> ReceivedMail:
        return ReceivedMail(
            at=time.time(), sender=self.sender or "", recipients=tuple(self.recipients), data=data
        )

    def _transaction(self, *, accepted: bool) -> Transaction:
        return Transaction(
            at=time.time(),
            recipients=tuple(self.recipients),
            fault=self.fault,
            accepted=accepted,
        )

    def _passes(self, stage: Stage) -> bool:
        """Say whether the message goes on after this stage; its fault may strike here."""
        fault = self.fault
        if fault is None or fault.stage is not stage:
            return True
        if fault.action is not Action.WAIT:
            self.sink.note(self._transaction(accepted=fault.accept))
        return self._strike(fault)

    def _strike(self, fault: SmtpFault) -> bool:
        self.sink.stopping.wait(fault.delay)
        match fault.action:
            case Action.WAIT:
                return True
            case Action.REPLY:
                self._say(fault.reply)
                if fault.reply.startswith("421") or fault.stage is Stage.CONNECT:
                    raise HangUpError
                return False
            case Action.HANG:
                self.sink.stopping.wait()
            case Action.RESET:
                reset_connection(self.connection)
            case Action.DISCONNECT:
                pass
        raise HangUpError

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, sink: "SmtpSink") -> None:
        self.sink = sink
        super().__init__(("127.0.0.1", port), Conversation)


class SmtpSink(FakeServer[SmtpFault, ReceivedMail, Transaction]):
    """The server. `connections` counts those that were opened."""

    connections = 0

    @property
    def url(self) -> str:
        """The SMTP_URL that leads here."""
        return f"smtp://127.0.0.1:{self.port}"

    def listen(self) -> socketserver.TCPServer:
        """Bind the port."""
        return _Server(self.port, self)

    def stage_of(self, fault: SmtpFault) -> str:
        """Name when it is chosen: from RCPT on the recipient is known, and it is chosen there."""
        return fault.stage if fault.stage in {Stage.CONNECT, Stage.MAIL} else Stage.RCPT

    def fault_from(self, fields: dict[str, Any]) -> SmtpFault:
        """Read what `command()` wrote."""
        kinds = {"stage": Stage(fields["stage"]), "action": Action(fields["action"])}
        return SmtpFault(**fields | kinds)


def _address(argument: str) -> str:
    return argument.partition("<")[2].partition(">")[0]


def command(port: int, do: str, fault: SmtpFault | None = None, *, to: str = EVERYBODY) -> None:
    """Script a sink in another process: `queue` or `always` a fault, or `clear`."""
    order = {"do": do, "to": to, "fault": dataclasses.asdict(fault) if fault else None}
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.docmd(CONTROL_VERB, base64.b64encode(json.dumps(order).encode()).decode())


if __name__ == "__main__":
    serve_alone(SmtpSink, about=__doc__, port=2525)
