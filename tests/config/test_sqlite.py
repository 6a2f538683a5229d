"""Waiting for one's turn to write on SQLite."""

import gc
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import OperationalError

from config.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.django_db  # whatever database it opens, pytest-django asks for this


def wrapper(path: Path, *, timeout: float) -> DatabaseWrapper:
    """Return a connection of ours to a database file."""
    settings: dict[str, Any] = {
        "NAME": str(path),
        "OPTIONS": {"timeout": timeout, "transaction_mode": "IMMEDIATE"},
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "TEST": {"NAME": None},
    }
    return DatabaseWrapper(settings, "patience")


def other_writer(path: Path) -> sqlite3.Connection:
    """Return a connection that holds the lock."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_writer_waits_for_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite3"
    mine = wrapper(path, timeout=20)
    with closing(other_writer(path)) as other, closing(mine):
        mine.connect()
        threading.Timer(0.1, other.commit).start()
        mine.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        assert mine.connection.in_transaction
        mine.connection.rollback()
        assert mine.connection.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite3"
    mine = wrapper(path, timeout=0.05)
    with closing(other_writer(path)), closing(mine):
        mine.connect()
        with pytest.raises(OperationalError, match="locked"):
            mine.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def test_waiting_leaves_nothing_for_the_garbage_collector_to_close(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite3"
    mine = wrapper(path, timeout=20)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        with closing(other_writer(path)) as other, closing(mine):
            mine.connect()
            threading.Timer(0.1, other.commit).start()
            mine.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
            gc.collect()
            kept = [one for one in gc.garbage if isinstance(one, sqlite3.Cursor | Exception)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert kept == []


def test_a_connection_is_kept_until_another_file_is_put_in_its_files_place(tmp_path: Path) -> None:
    path, backup = tmp_path / "some.sqlite3", tmp_path / "backup.sqlite3"
    for each, number in ((path, 1), (backup, 2)):
        with closing(sqlite3.connect(each)) as made:
            made.execute(f"PRAGMA user_version = {number}")
    with closing(wrapper(path, timeout=1)) as mine:
        mine.connect()
        kept = mine.connection
        mine.close_if_unusable_or_obsolete()
        assert mine.connection is kept
        backup.replace(path)
        mine.close_if_unusable_or_obsolete()
        assert mine.connection is None
        mine.connect()
        assert mine.connection.execute("PRAGMA user_version").fetchone() == (2,)
