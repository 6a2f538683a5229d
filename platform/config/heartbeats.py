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


def beat(component: str, instance: str) -> None:
    """Say that this process lives. Never raises: a sign of life must not be what ends it."""
    touch()
    from django.db import connection

    from notifications import heartbeats

    try:
        heartbeats.beat(component, instance)
    except Exception as error:  # noqa: BLE001 - whatever the database does, the worker goes on
        log.warning("heartbeat_failed", component=component, error=str(error))
    finally:
        # A process that forks must not hold a connection that its children would share.
        connection.close()


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
