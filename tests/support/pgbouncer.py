"""A real PgBouncer of Debian's package (`apt install pgbouncer`), in transaction mode."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.support.waiting import eventually, free_port

PROGRAM = Path("/usr/sbin/pgbouncer")
CONFIGURATION = """
[databases]
* = host={host} port={server_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


class PgBouncer:
    """Lends two connections to a server's database to who has a transaction; `with` ends it."""

    def __init__(self, server: psycopg.ConnectionInfo) -> None:
        self.port = free_port()
        self._database = server.dbname
        self._owner = (Path(server.host) / f".s.PGSQL.{server.port}").owner()
        self._directory = Path(tempfile.mkdtemp(prefix="postroom-pgbouncer-"))
        self._directory.chmod(0o755)
        self._file = self._directory / "pgbouncer.ini"
        self._file.write_text(
            CONFIGURATION.format(
                host=server.host, server_port=server.port, user=server.user, port=self.port
            ),
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The server's database through it, as libpq reads it."""
        return f"host=127.0.0.1 port={self.port} dbname={self._database} user=anybody"

    def __enter__(self) -> Self:
        # As root it wants to be told whom to run as: who may open the server's socket.
        other_user = ["-u", self._owner] if os.getuid() == 0 else []
        with (self._directory / "out.log").open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, *other_user, self._file], stdout=log, stderr=log
            )
        eventually(self._is_up, within=20, about="PgBouncer")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "out.log").read_text()
        try:
            psycopg.connect(self.address, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True
