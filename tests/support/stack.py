"""A whole Postroom of real processes: Valkey, web, two workers and beat, in a throw-away place."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import requests

from tests.support.api_client import ApiClient
from tests.support.postgres import create_database, drop_database
from tests.support.processes import REPOSITORY, Service
from tests.support.proxy import TcpProxy
from tests.support.valkey import ValkeyServer
from tests.support.waiting import eventually, free_port

StartStack = Callable[..., "Stack"]
"""What the fixture `start_stack` is: environment and options in, a running stack out."""

WORKER_READY = " ready."
WEB = ("gunicorn", "--config", "python:config.gunicorn", "--workers=1")
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
# Short enough for tests to wait for, in the proportions of the defaults.
QUICK = {
    "EMAIL_SEND_TIMEOUT": "3s",
    "CLAIM_DURATION": "8s",
    "RETRY_FLOOR": "100ms",
    "RETRY_FIRST_DELAY": "400ms",
    "RETRY_MAX_DELAY": "2s",
}


class Template:
    """A migrated database with one API key, made once and copied for every stack.

    On SQLite a file, on PostgreSQL (when `server_url` is given) a template database.
    """

    def __init__(self, directory: Path, *, server_url: str | None) -> None:
        self._server_url = server_url
        self._name = f"stack_template_{os.getpid()}"
        self._made = 0
        var_dir = directory / "template"
        environment = base_environment(var_dir) | self._database_environment(self._name, var_dir)
        if server_url:
            create_database(server_url, self._name)
        manage("migrate", "--verbosity=0", environment=environment)
        self.api_key = manage("create_api_key", "tests", environment=environment).split()[-1]
        self._file = var_dir / "postroom.sqlite3"

    def copy(self, var_dir: Path) -> dict[str, str]:
        """Make a database for one stack; return the environment that leads to it."""
        self._made += 1
        name = f"stack_{os.getpid()}_{self._made}"
        var_dir.mkdir(parents=True, exist_ok=True)
        if self._server_url:
            create_database(self._server_url, name, template=self._name)
        else:
            shutil.copy(self._file, var_dir / "postroom.sqlite3")
        return self._database_environment(name, var_dir)

    def close(self) -> None:
        """Drop the template."""
        if self._server_url:
            drop_database(self._server_url, self._name)

    def _database_environment(self, name: str, var_dir: Path) -> dict[str, str]:
        if self._server_url:
            return {"DATABASE_URL": f"{self._server_url.rpartition('/')[0]}/{name}"}
        return {"DATABASE_URL": f"sqlite:///{var_dir / 'postroom.sqlite3'}"}


class Stack:
    """The processes, from start to finish. `with Stack(…) as stack:` leaves nothing behind."""

    def __init__(
        self,
        directory: Path,
        *,
        template: Template,
        environment: Mapping[str, str],
        behind_proxy: bool = False,
        concurrency: int = 2,
        backlog_concurrency: int = 1,
    ) -> None:
        self.directory = directory
        self.template = template
        self._exits = ExitStack()
        self.valkey = ValkeyServer(directory / "valkey", port=free_port(), durable=True)
        self.proxy = TcpProxy(target_port=self.valkey.port) if behind_proxy else None
        self.port = free_port()
        self.environment = {
            **base_environment(directory),
            **template.copy(directory),
            "PORT": str(self.port),
            "REDIS_URL": f"redis://127.0.0.1:{(self.proxy or self.valkey).port}/0",
            **QUICK,
            **environment,
        }
        worker = ("celery", "-A", "config", "worker", "--without-gossip", "--without-mingle")
        self.web = self._service("web", *WEB)
        self.live = self._service(
            "live", *worker, "-Q", "live,periodic", "-n", "live@%h", f"-c{concurrency}"
        )
        self.backlog = self._service(
            "backlog",
            *worker,
            "-Q",
            "backlog,periodic",
            "-n",
            "backlog@%h",
            f"-c{backlog_concurrency}",
        )
        self.beat = self._service("beat", "celery", "-A", "config", "beat")
        self.api = ApiClient(url=f"http://127.0.0.1:{self.port}", key=template.api_key)

    @property
    def services(self) -> tuple[Service, ...]:
        """All processes but Valkey."""
        return (self.web, self.live, self.backlog, self.beat)

    def _service(self, name: str, *arguments: str, **variables: str) -> Service:
        log = self.directory / f"{name}.log"
        return Service(name, arguments, environment=self.environment | variables, log=log)

    def start(self) -> None:
        """Start everything at once and wait until all of it is ready."""
        self._exits.callback(self._close_database)
        self._exits.enter_context(self.valkey)
        if self.proxy:
            self._exits.enter_context(self.proxy)
        for service in self.services:
            self._exits.callback(service.stop)
            service.start()
        self._exits.callback(self._ask_all_to_end)  # runs first: they end side by side
        self.wait_for_web(self.web, self.port)
        for worker in (self.live, self.backlog):
            worker.wait_for_line(WORKER_READY)

    def _ask_all_to_end(self) -> None:
        for service in self.services:
            service.ask_to_end()

    @contextmanager
    def second_beat(self) -> Iterator[None]:
        """Run another beat beside the first."""
        beat = self._service("beat-2", "celery", "-A", "config", "beat")
        beat.start()
        try:
            yield
            assert beat.is_running, beat.output()
        finally:
            beat.stop()

    @contextmanager
    def second_web(self) -> Iterator[tuple[Service, int]]:
        """Run another web process beside the first; give it and its port."""
        port = free_port()
        web = self._service("web-2", *WEB, PORT=str(port))
        web.start()
        try:
            self.wait_for_web(web, port)
            yield web, port
        finally:
            web.stop()

    def restart(self, service: Service) -> None:
        """Start a worker again, as whoever supervises it would, and wait until it is ready."""
        service.stop()
        service.start()
        service.wait_for_line(WORKER_READY)

    @staticmethod
    def wait_for_web(web: Service, port: int) -> None:
        """Wait until a web process answers on its port."""

        def answers() -> bool:
            assert web.is_running, f"{web.name} ended:\n{web.output()}"
            try:
                return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok
            except requests.RequestException:
                return False

        eventually(answers, within=40, about=f"{web.name} on port {port}")

    def statuses(self) -> dict[str, int]:
        """Return how many notifications are in which state."""
        query = "SELECT status, count(*) FROM notifications_notification GROUP BY status"
        return dict(self.rows(query))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the stack's database directly."""
        url = self.environment["DATABASE_URL"]
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20)) as connection:
                return connection.execute(query).fetchall()
        with psycopg.connect(url) as connection:
            return connection.execute(query.encode()).fetchall()

    def damage(self) -> str:
        """Return what SQLite finds wrong with its file, or nothing; PostgreSQL is not asked."""
        if not self.environment["DATABASE_URL"].startswith("sqlite"):
            return ""
        found = "\n".join(line for (line,) in self.rows("PRAGMA integrity_check"))
        return "" if found == "ok" else found

    def complaints(self) -> Counter[tuple[str, str]]:
        """Return how often which service has logged which warning or error."""
        found: Counter[tuple[str, str]] = Counter()
        for service in self.services:
            text = service.log.read_text(errors="replace") if service.log.exists() else ""
            for line in text.splitlines():
                with suppress(ValueError):
                    entry = json.loads(line) if line.startswith("{") else {}
                    if entry.get("level") in {"warning", "error", "critical"}:
                        first, *_ = str(entry.get("event")).splitlines() or [""]
                        found[service.name, first[:100]] += 1
        return found

    def logs(self) -> str:
        """Return the end of every process's output, for a failed test's report."""
        return "\n".join(
            f"--- {service.name}\n{service.output()[-3000:]}"
            for service in self.services
            if service.log.exists()
        )

    def _close_database(self) -> None:
        self.api.session.close()
        url = self.environment["DATABASE_URL"]
        if not url.startswith("sqlite"):
            drop_database(url.rpartition("/")[0] + "/postgres", url.rpartition("/")[2])

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()


def base_environment(var_dir: Path) -> dict[str, str]:
    """Return a production environment that knows nothing of the tests' own."""
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "PYTHON_DOTENV_DISABLED": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "DEBUG": "false",
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_PROVIDERS": "memory",
        "VAR_DIR": str(var_dir),
        "LOG_FORMAT": "json",
    }


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a management command and return what it printed.

    Raises:
        AssertionError: it failed; the text holds all that it wrote.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=dict(environment),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
