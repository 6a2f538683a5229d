"""A real HTTP endpoint that speaks Postmark's and Resend's APIs and fails as it is told.

In a test: `with FakeEsp() as esp: esp.queue(rate_limited(retry_after=2)); …; esp.messages`.
On its own: `python -m tests.support.fake_esp --port 8025 --record mail.jsonl`; then POST a fault as
JSON to `/_control` (`{"do": "queue" | "always" | "clear", "to": "", "fault": {…}}`).
"""

import dataclasses
import json
import socketserver
import time
import uuid
from collections.abc import Mapping
from email.utils import getaddresses
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.fake_server import FakeServer, reset_connection, serve_alone

POSTMARK_TOKEN = "postmark-test-token"
RESEND_KEY = "re_test_key"


class Action(StrEnum):
    """What the endpoint does with a request."""

    ANSWER = "answer"
    RESET_BEFORE_BODY = "reset_before_body"  # once the headers have arrived
    RESET_AFTER_BODY = "reset_after_body"
    HANG = "hang"  # once the body has arrived


@dataclasses.dataclass(frozen=True, kw_only=True)
class HttpFault:
    """One thing that goes wrong with one request."""

    action: Action = Action.ANSWER
    status: int = 200
    body: Any = None  # sent as JSON, or as it stands when it is text; None: the usual answer
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    accept: bool = False  # whether the message counts as accepted all the same
    delay: float = 0.0  # seconds between the body and the answer


def rate_limited(*, retry_after: int | str) -> HttpFault:
    """429 with Retry-After in seconds, or as an HTTP date."""
    return HttpFault(
        status=429,
        body={"ErrorCode": 429, "Message": "Rate limit exceeded"},
        headers={"Retry-After": str(retry_after)},
    )


def postmark_error(code: int, message: str, *, status: int = 422) -> HttpFault:
    """One of Postmark's documented error codes, such as 406 (inactive recipient)."""
    return HttpFault(status=status, body={"ErrorCode": code, "Message": message})


def resend_error(name: str, message: str, *, status: int = 422) -> HttpFault:
    """One of Resend's documented errors, such as `validation_error`."""
    return HttpFault(status=status, body={"statusCode": status, "name": name, "message": message})


def server_error(status: int = 500, *, accept: bool = False) -> HttpFault:
    """A failure of the service or of a gateway before it (502, 504)."""
    return HttpFault(status=status, body="<html><h1>Sorry</h1></html>", accept=accept)


def silence(*, accept: bool) -> HttpFault:
    """Take the request and never answer."""
    return HttpFault(action=Action.HANG, accept=accept)


def reset_before_body() -> HttpFault:
    """A TCP reset once the headers have arrived."""
    return HttpFault(action=Action.RESET_BEFORE_BODY)


def reset_after_body(*, accept: bool) -> HttpFault:
    """A TCP reset instead of an answer."""
    return HttpFault(action=Action.RESET_AFTER_BODY, accept=accept)


def slow(seconds: float) -> HttpFault:
    """Accept, and take one's time to say so."""
    return HttpFault(delay=seconds, accept=True)


def wrong_json(text: str = '{"MessageID": ') -> HttpFault:
    """Accept, and answer with something that is no JSON."""
    return HttpFault(body=text, accept=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PostedMessage:
    """One message that the endpoint accepted."""

    at: float  # seconds since the epoch
    service: str  # "postmark" or "resend"
    message_id: str
    recipients: tuple[str, ...]
    payload: dict[str, Any]
    idempotency_key: str | None

    def as_json(self) -> str:
        """The message as one line for the record file."""
        return json.dumps(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One request for sending, and how it ended."""

    at: float
    path: str
    recipients: tuple[str, ...]
    fault: HttpFault | None
    accepted: bool


class Endpoint(BaseHTTPRequestHandler):
    """One client's connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer lie 40 ms apart
    server: "_Server"

    def do_POST(self) -> None:
        """Route by path, as the services' documentation gives them."""
        self.esp = self.server.esp
        match self.path:
            case "/email":
                self._send("postmark", batch=False)
            case "/email/batch":
                self._send("postmark", batch=True)
            case "/emails":
                self._send("resend", batch=False)
            case "/emails/batch":
                self._send("resend", batch=True)
            case "/_control":
                self.esp.obey(json.loads(self._body()))
                self._answer(200, {})
            case _:
                self._answer(404, {"Message": f"No such path: {self.path}"})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _send(self, service: str, *, batch: bool) -> None:
        # Only a fault for everybody can strike before the body, which holds the recipients.
        early = self.esp.take(Action.RESET_BEFORE_BODY)
        if early is not None:
            self.esp.note(self._request((), early, accepted=False))
            self._reset()
            return
        payload = json.loads(self._body())
        if not self._is_authorized(service):
            self._answer_unauthorized(service)
            return
        parts: list[dict[str, Any]] = payload if batch else [payload]
        recipients = tuple(address for part in parts for address in recipients_of(part))
        fault = self.esp.take(Action.ANSWER, *recipients)
        accepted = fault is None or fault.accept
        answers = [self._accept(service, part) for part in parts] if accepted else []
        self.esp.note(self._request(recipients, fault, accepted=accepted))
        usual: Any = answers if batch else next(iter(answers), None)
        self._finish(
            fault or HttpFault(), {"data": usual} if batch and service == "resend" else usual
        )

    def _request(
        self, recipients: tuple[str, ...], fault: HttpFault | None, *, accepted: bool
    ) -> Request:
        return Request(
            at=time.time(), path=self.path, recipients=recipients, fault=fault, accepted=accepted
        )

    def _accept(self, service: str, part: dict[str, Any]) -> dict[str, Any]:
        key = self.headers.get("Idempotency-Key")
        message = PostedMessage(
            at=time.time(),
            service=service,
            message_id=str(uuid.uuid4()),
            recipients=recipients_of(part),
            payload=part,
            idempotency_key=key,
        )
        message = self.esp.keep_once(message)
        if service == "resend":
            return {"id": message.message_id}
        return {
            "To": part.get("To", ""),
            "SubmittedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "MessageID": message.message_id,
            "ErrorCode": 0,
            "Message": "OK",
        }

    def _is_authorized(self, service: str) -> bool:
        if service == "resend":
            return self.headers.get("Authorization") == f"Bearer {RESEND_KEY}"
        return self.headers.get("X-Postmark-Server-Token") == POSTMARK_TOKEN

    def _answer_unauthorized(self, service: str) -> None:
        if service == "resend":
            error = resend_error("restricted_api_key", "API key is invalid", status=401)
        else:
            error = postmark_error(10, "Bad or missing Server API token.", status=401)
        self._answer(error.status, error.body)

    def _finish(self, fault: HttpFault, usual: Any) -> None:
        self.esp.stopping.wait(fault.delay)
        match fault.action:
            case Action.ANSWER:
                body = usual if fault.body is None else fault.body
                self._answer(fault.status, body, headers=fault.headers)
            case Action.HANG:
                self.esp.stopping.wait()
                self.close_connection = True
            case _:
                self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        reset_connection(self.connection)

    def _answer(
        self, status: int, body: object, *, headers: Mapping[str, str] | None = None
    ) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        """Serve requests until the client has gone."""
        try:
            super().handle()
        except (ConnectionError, ValueError):
            # ValueError: a reset has closed the file below the handler.
            self.close_connection = True

    def finish(self) -> None:
        """Close, unless a reset has done so."""
        try:
            super().finish()
        except (ConnectionError, ValueError):
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep test output quiet; `FakeEsp.requests` tells what came."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, esp: "FakeEsp") -> None:
        self.esp = esp
        super().__init__(("127.0.0.1", port), Endpoint)


class FakeEsp(FakeServer[HttpFault, PostedMessage, Request]):
    """The endpoint."""

    def __init__(self, *, port: int = 0, record: Path | None = None) -> None:
        super().__init__(port=port, record=record)
        self._by_idempotency_key: dict[str, PostedMessage] = {}

    @property
    def url(self) -> str:
        """What POSTMARK_API_URL or RESEND_API_URL is set to."""
        return f"http://127.0.0.1:{self.port}/"

    def listen(self) -> socketserver.TCPServer:
        """Bind the port."""
        return _Server(self.port, self)

    def stage_of(self, fault: HttpFault) -> str:
        """Name when it is chosen: only those that strike before the body cannot know for whom."""
        return fault.action if fault.action is Action.RESET_BEFORE_BODY else Action.ANSWER

    def fault_from(self, fields: dict[str, Any]) -> HttpFault:
        """Read what came to `/_control`."""
        return HttpFault(**fields | {"action": Action(fields.get("action", Action.ANSWER))})

    def keep_once(self, message: PostedMessage) -> PostedMessage:
        """Remember a message; for a known idempotency key return the one known, as Resend does."""
        key = message.idempotency_key
        known = self._by_idempotency_key.setdefault(key, message) if key else message
        if known is message:
            self.keep(message)
        return known


def recipients_of(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the bare addresses of a Postmark or Resend message's To field."""
    to = payload.get("To") or payload.get("to") or []
    values = to.split(",") if isinstance(to, str) else to
    return tuple(address for _, address in getaddresses(values))


if __name__ == "__main__":
    serve_alone(FakeEsp, about=__doc__, port=8025)
