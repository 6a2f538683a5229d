"""The field that contenders meet on: one sink, one kind of database, the same broker each."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from benchmarks import measure, place
from benchmarks.contenders import POSTROOM, Contender, Project
from benchmarks.place import Broker, Databases, DurablePostgres, Kind
from benchmarks.sink.server import Sink
from tests.support.processes import REPOSITORY, Service
from tests.support.stack import base_environment
from tests.support.waiting import eventually

UP_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What enqueueing cost: seconds, and CPU seconds of the caller, broker and database.

    `times` says when each event was, if they came at a rate (CLOCK_MONOTONIC, ns).
    """

    seconds: float
    cpu: float
    cpu_broker: float
    cpu_database: float
    times: list[int]


class Field:
    """`with Field("sqlite") as field:` holds what outlives a single run."""

    def __init__(self, database: Kind) -> None:
        self.database = database
        self._exits = ExitStack()
        self.directory = Path(tempfile.mkdtemp(prefix="postroom-bench-"))
        self._exits.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.sink = Sink(self.directory / "sink")
        self.server: DurablePostgres | None = None
        self._runs = 0

    def __enter__(self) -> Self:
        self._exits.enter_context(self.sink)
        if self.database == "postgres":
            self.server = DurablePostgres()
            self._exits.callback(self.server.stop)
        url = self.server.url if self.server else None
        self.databases = Databases(self.directory / "templates", server_url=url)
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @contextmanager
    def round(
        self,
        contender: Contender,
        *,
        mails: int,
        latency: timedelta = timedelta(),
        template: str = "",
    ) -> Iterator["Round"]:
        """Give one run of a contender a database and broker of its own.

        The database is empty, or a copy of what `keep` kept as `template`.
        """
        self.prepare(contender.project)
        self._runs += 1
        directory = self.directory / f"run{self._runs}"
        directory.mkdir()
        url = self.databases.copy(template or contender.project.name, directory)
        self.sink.prepare(mails=mails, latency=latency)
        with Broker(directory / "valkey") as broker:
            one = Round(
                field=self, contender=contender, broker=broker, url=url, directory=directory
            )
            try:
                yield one
            finally:
                one.stop()
        self.databases.drop(url)
        shutil.rmtree(directory, ignore_errors=True)

    def environment(
        self, contender: Contender, *, url: str, broker: Path, var: Path
    ) -> dict[str, str]:
        """Return the environment of a contender's processes."""
        shared = base_environment(var) | {
            "TMPDIR": str(var),  # django-post_office keeps its lock file there
            "DJANGO_SETTINGS_MODULE": contender.project.settings,
            "DATABASE_URL": url,
        }
        if contender.project is POSTROOM:
            own = {
                "REDIS_URL": f"unix://{broker}",
                "EMAIL_PROVIDERS": contender.over,
                "SMTP_URL": f"smtp://127.0.0.1:{self.sink.smtp_port}",
                "POSTMARK_SERVER_TOKEN": "benchmark",
                "POSTMARK_API_URL": f"http://127.0.0.1:{self.sink.http_port}/",
                "DEFAULT_FROM_EMAIL": "Moon & Leaf <orders@shop.example.com>",
                "SHOP_NAME": "Moon & Leaf",
                "SHOP_URL": "https://shop.example.com",
            }
        else:
            own = {
                "BROKER_URL": f"redis+socket://{broker}",
                "SENDS_OVER": contender.over,
                "SMTP_PORT": str(self.sink.smtp_port),
                "HTTP_PORT": str(self.sink.http_port),
            }
        return shared | own | dict(contender.environment)

    def prepare(self, project: Project) -> None:
        """Make the empty database that a project's runs begin with, if there is none yet."""
        url, is_new = self.databases.template(project.name)
        if not is_new:
            return
        contender = Contender(key="", title="", project=project, way="")
        var = self.directory / f"var_{project.name}"
        var.mkdir()
        environment = self.environment(contender, url=url, broker=var / "none.sock", var=var)
        place.run("django", "migrate", "--run-syncdb", "--verbosity=0", environment=environment)
        if project is POSTROOM:
            place.run(
                "benchmarks.fill", project.fills, "publish_template", "0", environment=environment
            )


class Round:
    """One run of one contender.

    Attributes:
        unsettled: how many mails are not yet recorded as sent.
    """

    def __init__(
        self, *, field: Field, contender: Contender, broker: Broker, url: str, directory: Path
    ) -> None:
        self.field = field
        self.contender = contender
        self.broker = broker
        self.url = url
        self.directory = directory
        self.environment = field.environment(
            contender, url=url, broker=broker.socket, var=directory
        )
        self.services: list[Service] = []

    @property
    def database_pids(self) -> list[int]:
        """The database server's process; SQLite has none."""
        return [self.field.server.pid] if self.field.server else []

    def fill(self, count: int, *, rate: float | None = None) -> Filled:
        """Enqueue mails, as fast as it goes or so many a second."""
        command = (sys.executable, "-m", "benchmarks.fill", self.contender.project.fills)
        with subprocess.Popen(
            [*command, self.contender.way, str(count), *([str(rate)] if rate else [])],
            env=self.environment,
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{self.contender.key} cannot be filled; see above.")
            before = self.servers_cpu()
            process.stdin.write("\n")
            process.stdin.flush()
            result = json.loads(process.stdout.readline() or "null")
            after = self.servers_cpu()
        if result is None:
            raise RuntimeError(f"{self.contender.key} was not filled; see above.")
        broker, database = (now - then for now, then in zip(after, before, strict=True))
        return Filled(**result, cpu_broker=broker, cpu_database=database)

    def start(self) -> None:
        """Start the contender's services, after its scheduler; they are not waited for."""
        if self.contender.scheduler:
            self._start_service(self.contender.scheduler)
            self._wait_for(self.contender.project.scheduler_beats)
        for arguments in self.contender.services:
            self._start_service(arguments)

    def wait_until_up(self) -> None:
        """Wait for the first periodic work, if the contender has any."""
        self._wait_for(self.contender.project.is_up)

    def _start_service(self, arguments: tuple[str, ...]) -> None:
        log = self.directory / f"service{len(self.services)}.log"
        service = Service(arguments[0], arguments, environment=self.environment, log=log)
        service.start()
        self.services.append(service)

    def _wait_for(self, query: str | None) -> None:
        if query is not None:
            within, about = UP_WITHIN.total_seconds(), f"{self.contender.key}: {query}"
            eventually(lambda: place.scalar(self.url, query), within=within, every=0.1, about=about)

    def command(self) -> "subprocess.Popen[bytes]":
        """Start the contender's command, which ends when there is nothing left to send."""
        log = (self.directory / "command.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", *self.contender.command],
            env=self.environment,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def service_pids(self) -> list[int]:
        """Return the main processes of the services."""
        return [service.pid for service in self.services if service.is_running]

    def servers_cpu(self) -> tuple[float, float]:
        """Return the CPU seconds of broker and database so far."""
        broker = measure.cpu_seconds([self.broker.pid])
        return broker, measure.cpu_seconds(self.database_pids)

    def unsettled(self) -> int:
        """Return how many mails are not yet recorded as sent; 0 where no record is kept."""
        query = self.contender.project.unsettled
        return place.scalar(self.url, query) if query else 0

    def logs(self) -> str:
        """Return the end of what the processes wrote, for an error's text."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.directory.glob("*.log"))
        )

    def stop(self) -> None:
        """End the services."""
        for service in self.services:
            service.ask_to_end()
        for service in self.services:
            service.stop()
        self.services = []
