"""Signs of life of worker and beat: a file for the supervisor, a row for everybody else.

The file (HEARTBEAT_FILE, set by whoever supervises) says that the process's main loop turns; the
row in the database says it to `/readyz` and the admin.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

INTERVAL = timedelta(seconds=5)
STALE_AFTER = timedelta(seconds=30)
"""Longer than the 20 s for which SQLite may make a heartbeat wait for its turn to write."""


def beat(component: str, instance: str, *, forks: bool = False) -> None:
    """Say that this process lives. Never raises: a sign of life must not be what ends it.

    A process that `forks` keeps no connection to the database, which its children would share.
    """
    touch()
    record(component, instance)
    if forks:
        from django.db import connection

        connection.close()


def record(component: str, instance: str) -> None:
    """Say in the database that a process lives. Never raises."""
    from django.db import close_old_connections

    from notifications import heartbeats

    try:
        close_old_connections()  # as before a request: the server may have gone meanwhile
        heartbeats.beat(component, instance)
    except Exception as error:  # noqa: BLE001 - whatever the database does, the worker goes on
        log.warning("heartbeat_failed", component=component, error=str(error))


def touch() -> None:
    """Say it to the supervisor alone, if there is one."""
    from django.conf import settings

    path: Path | None = settings.HEARTBEAT_FILE
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        log.warning("heartbeat_file_failed", error=str(error))


@contextmanager
def kept_alive() -> Iterator[None]:
    """Keep touching the file from a thread, around a wait that stops the main loop on purpose."""
    done = threading.Event()

    def keep_touching() -> None:
        while not done.wait(INTERVAL.total_seconds()):
            touch()

    thread = threading.Thread(target=keep_touching, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
