"""A throw-away Postroom with two providers that do as the drill tells them."""

import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from tests.drill.evidence import arrivals_at_esp, arrivals_at_sink, read_rows
from tests.drill.kills import SENDING_THREADS
from tests.drill.progress import Progress
from tests.drill.records import Arrival, MailRow
from tests.support.api_client import ApiClient
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp
from tests.support.postgres import PostgresServer
from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, Template, manage
from tests.support.waiting import free_port

Database = Literal["sqlite", "postgres"]

FIRST, SECOND = "postmark", "smtp"
SEND_TIMEOUT = timedelta(seconds=2)
# The proportions of the defaults, in seconds rather than minutes.
SHORT = {
    "EMAIL_SEND_TIMEOUT": f"{SEND_TIMEOUT.total_seconds():g}s",
    "CLAIM_DURATION": "6s",
    "SENDING_THREADS": str(SENDING_THREADS),
    "RETRY_FLOOR": "100ms",
    "RETRY_FIRST_DELAY": "500ms",
    "RETRY_MAX_DELAY": "5s",
}


@dataclass(frozen=True, kw_only=True)
class Rig:
    """The stack, its providers, and what is kept of a drill that failed."""

    stack: Stack
    first: FakeEsp
    second: SmtpSink
    api_key: str
    directory: Path

    def client(self) -> ApiClient:
        """Return a new client of the API."""
        return ApiClient(url=f"http://127.0.0.1:{self.stack.port}", key=self.api_key)

    def rows(self) -> list[MailRow]:
        """Return every notification."""
        return read_rows(self.stack)

    def arrivals(self) -> list[Arrival]:
        """Return what both providers took."""
        return [
            *arrivals_at_esp(self.first, alias=FIRST, patience=SEND_TIMEOUT),
            *arrivals_at_sink(self.second, alias=SECOND, patience=SEND_TIMEOUT),
        ]

    def has_taken(self, recipient: str) -> bool:
        """Return whether a provider has taken anything for an address."""
        return bool(self.first.messages_to(recipient) or self.second.messages_to(recipient))

    def audit(self) -> str:
        """Run `manage.py audit`, and look into the database's file; return what is wrong."""
        try:
            manage("audit", environment=self.stack.environment)
        except AssertionError as error:
            return str(error)
        return self.stack.damage()


@contextmanager
def rig(
    database: Database,
    *,
    listening: Collection[str] = (FIRST, SECOND),
    environment: Mapping[str, str] | None = None,
    backlog_concurrency: int = 1,
    keep: bool = False,
) -> Iterator[Rig]:
    """Bring everything up, and leave nothing behind.

    Args:
        database: what the stack runs on.
        listening: the providers that are there from the beginning.
        environment: settings beyond the drill's own.
        backlog_concurrency: the sending processes of the backlog's worker.
        keep: leave the directory with logs and database where it is.
    """
    exits = ExitStack()
    directory = Path(tempfile.mkdtemp(prefix="postroom-drill-"))
    if not keep:
        exits.callback(shutil.rmtree, directory, ignore_errors=True)
    try:
        with Progress("starting the stack"):
            template = _database(database, directory, exits)
            first, second = _servers(listening, exits)
            settings = {**SHORT, **_providers(first, second), **(environment or {})}
            stack = Stack(
                directory / "stack",
                template=template,
                environment=settings,
                backlog_concurrency=backlog_concurrency,
            )
            exits.enter_context(stack)
        yield Rig(
            stack=stack, first=first, second=second, api_key=template.api_key, directory=directory
        )
    finally:
        with Progress("stopping"):
            exits.close()


def _database(database: Database, directory: Path, exits: ExitStack) -> Template:
    server_url = None
    if database == "postgres":
        server = PostgresServer()
        exits.callback(server.stop)
        server_url = server.url
    template = Template(directory, server_url=server_url)
    exits.callback(template.close)
    return template


def _servers(listening: Collection[str], exits: ExitStack) -> tuple[FakeEsp, SmtpSink]:
    first, second = FakeEsp(port=free_port()), SmtpSink(port=free_port())
    exits.callback(first.stop)
    exits.callback(second.stop)
    if FIRST in listening:
        first.start()
    if SECOND in listening:
        second.start()
    return first, second


def _providers(first: FakeEsp, second: SmtpSink) -> dict[str, str]:
    return {
        "EMAIL_PROVIDERS": f"{FIRST},{SECOND}",
        "POSTMARK_SERVER_TOKEN": POSTMARK_TOKEN,
        "POSTMARK_API_URL": first.url,
        "SMTP_URL": second.url,
    }
