"""A real HTTP server that answers every POST as it is told: an endpoint for any ESP's API."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. `promised` claims a longer body than is sent before the connection closes."""

    status: int = 200
    body: str = "{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int = 0
    drip: float = 0.0
    """Seconds between the bytes of the body."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    client: int
    """The client's port: the same for requests on one connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        client = self.client_address[1]
        received = Received(path=self.path, headers=dict(self.headers), body=body, client=client)
        endpoint.received.append(received)
        answer = endpoint.next_answer()
        data = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(answer.promised or len(data)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drip:
            for byte in data:
                if endpoint.stopping.wait(answer.drip):
                    break
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(data)
        self.close_connection = bool(answer.promised)

    def do_GET(self) -> None:
        self.do_POST()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, endpoint: "HttpEndpoint") -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", 0), _Handler)


class HttpEndpoint:
    """The server. Without a queued answer it repeats `usual`."""

    def __init__(self, *, usual: Answer | None = None) -> None:
        self.usual = usual or Answer()
        self.received: list[Received] = []
        self.stopping = threading.Event()
        self._answers: deque[Answer] = deque()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """The address that leads here, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def queue(self, *answers: Answer) -> None:
        """Give each answer once, in order."""
        self._answers.extend(answers)

    def next_answer(self) -> Answer:
        """Return what to answer now."""
        return self._answers.popleft() if self._answers else self.usual

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
