"""A TCP proxy that can refuse, or swallow without a sign, what is sent through it."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

BUFFER = 65_536


class TcpProxy:
    """Stands at one port of 127.0.0.1 before a server on another.

    `refuse()`: nobody listens, and open connections are closed. `swallow()`: connecting times out,
    since the queue of the listening socket is full and the kernel drops what comes; open
    connections stay open and carry nothing. `restore()`: all is well again.
    """

    def __init__(self, *, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._fillers: list[socket.socket] = []
        self._forwards = threading.Event()
        self._forwards.set()
        self._listener = self._listen(port=0, backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._accept_in_background()

    def refuse(self) -> None:
        """Refuse connections, and end those that are open."""
        self._stop_listening()
        self._close_open()

    def swallow(self) -> None:
        """Take everything and answer nothing."""
        self._forwards.clear()
        self._stop_listening()
        self._listener = self._listen(port=self.port, backlog=0)
        # Two: Linux lets one more than the backlog through.
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)

    def restore(self) -> None:
        """Forward again; connections that were swallowed are reset."""
        self._stop_listening()
        self._close_open()
        self._forwards.set()
        self._listener = self._listen(port=self.port, backlog=256)
        self._accept_in_background()

    def close(self) -> None:
        """Let go of the port."""
        self._stop_listening()
        self._close_open()
        self._forwards.set()

    def _listen(self, *, port: int, backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(backlog)
        return listener

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in accept()
        self._listener.close()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _close_open(self) -> None:
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept_in_background(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(BUFFER):
                self._forwards.wait()
                sink.sendall(data)
        for connection in (source, sink):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
