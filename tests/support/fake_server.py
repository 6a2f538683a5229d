"""What the SMTP sink and the fake ESP share: they listen, are scripted, and keep what arrived."""

import abc
import argparse
import signal
import socket
import socketserver
import struct
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from tests.support.scripts import EVERYBODY, Script


class Arrival(Protocol):
    """A message or a try: it knows whom it was for."""

    @property
    def recipients(self) -> tuple[str, ...]: ...


class Mail(Arrival, Protocol):
    """A message that was accepted, and its line in the record file."""

    def as_json(self) -> str: ...


Fault = TypeVar("Fault")
MailT = TypeVar("MailT", bound=Mail)
TryT = TypeVar("TryT", bound=Arrival)


class FakeServer(abc.ABC, Generic[Fault, MailT, TryT]):
    """A mail service on 127.0.0.1, in threads of this process.

    `messages` holds what was accepted and `tries` every handover begun, oldest first. With `record`
    each accepted message is also appended to that file, as a JSON line, for other processes.
    """

    def __init__(self, *, port: int = 0, record: Path | None = None) -> None:
        self.port = port
        self.record = record
        self.stopping = threading.Event()
        self._scripts: dict[str, Script[Fault]] = {}
        self._lock = threading.Lock()
        self._messages: list[MailT] = []
        self._tries: list[TryT] = []
        self._server: socketserver.TCPServer | None = None

    @abc.abstractmethod
    def listen(self) -> socketserver.TCPServer:
        """Return a server bound to `port` (0: any)."""

    @abc.abstractmethod
    def stage_of(self, fault: Fault) -> str:
        """Name the moment at which such a fault is chosen."""

    @abc.abstractmethod
    def fault_from(self, fields: dict[str, Any]) -> Fault:
        """Read a fault that another process sent."""

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """The setting that leads here."""

    # --- what goes wrong

    def queue(self, *faults: Fault, to: str = EVERYBODY) -> None:
        """Apply each fault to one message (or connection), in order; then all is well again."""
        for fault in faults:
            self._script(self.stage_of(fault)).queue(fault, to=to)

    def always(self, fault: Fault, *, to: str = EVERYBODY) -> None:
        """Apply the fault to every message until `clear()`."""
        self._script(self.stage_of(fault)).always(fault, to=to)

    def clear(self) -> None:
        """Work well from now on."""
        with self._lock:
            self._scripts.clear()

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out what another process ordered: `do` (queue, always, clear), `to`, `fault`."""
        match order["do"]:
            case "queue":
                self.queue(self.fault_from(order["fault"]), to=order.get("to", EVERYBODY))
            case "always":
                self.always(self.fault_from(order["fault"]), to=order.get("to", EVERYBODY))
            case "clear":
                self.clear()

    def take(self, stage: str, *recipients: str) -> Fault | None:
        """Return what goes wrong at this stage with the next message to these recipients."""
        return self._script(stage).take(recipients)

    def _script(self, stage: str) -> Script[Fault]:
        with self._lock:
            return self._scripts.setdefault(stage, Script())

    # --- what arrived

    @property
    def messages(self) -> list[MailT]:
        """What was accepted, oldest first."""
        with self._lock:
            return list(self._messages)

    @property
    def tries(self) -> list[TryT]:
        """Every handover begun, oldest first."""
        with self._lock:
            return list(self._tries)

    def messages_to(self, recipient: str) -> list[MailT]:
        """What was accepted for one address."""
        return [mail for mail in self.messages if recipient in mail.recipients]

    def tries_to(self, recipient: str) -> list[TryT]:
        """The handovers begun for one address."""
        return [one for one in self.tries if recipient in one.recipients]

    def keep(self, mail: MailT) -> None:
        """Remember an accepted message."""
        with self._lock:
            self._messages.append(mail)
            if self.record:
                with self.record.open("a", encoding="utf-8") as file:
                    file.write(mail.as_json() + "\n")

    def note(self, one: TryT) -> None:
        """Remember a handover begun."""
        with self._lock:
            self._tries.append(one)

    def forget(self) -> None:
        """Forget what arrived and what was scripted."""
        with self._lock:
            self._messages.clear()
            self._tries.clear()
        self.clear()

    # --- listening

    def start(self) -> None:
        """Listen, on the same port as before if there was one. Does nothing while it listens."""
        if self._server:
            return
        self.stopping.clear()
        self._server = self.listen()
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on; those that hang end."""
        if self._server:
            self.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def reset_connection(connection: socket.socket) -> None:
    """Close with a TCP reset: what was not read or sent is thrown away on both sides."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # close() alone waits for the file objects that the handler made of the socket.
    socket.close(connection.detach())


def serve_alone(kind: type[FakeServer[Any, Any, Any]], *, about: str | None, port: int) -> None:
    """Run a fake server as a process of its own, until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--record", type=Path, help="append each accepted message as a JSON line")
    arguments = parser.parse_args()
    # Blocked before threads start, which inherit it: else one of them would take the signal.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with kind(port=arguments.port, record=arguments.record) as server:
        sys.stdout.write(f"{kind.__name__} on {server.url}\n")
        sys.stdout.flush()
        signal.sigwait(ends)
