"""SQLite's log is written into the database by who sweeps, and where nobody does by a commit."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from access import write_ahead_log
from config.sqlite import base
from config.sqlite.base import LOG_IS_DUE, PAGES_OF_A_COMMIT, DatabaseWrapper
from notifications import tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have written nothing since it last shortened the log."""
    monkeypatch.setattr(DatabaseWrapper, "_written", 0)


def in_database_file() -> set[str]:
    """Return the names of the people in SQLite's file, without what only its log holds."""
    file = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as alone:
        return {name for (name,) in alone.execute("SELECT username FROM auth_user")}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give all that this connection has SQLite do in the block, BEGIN and COMMIT included."""
    found: list[str] = []
    connection.ensure_connection()
    driver: Any = connection.connection
    driver.set_trace_callback(found.append)
    try:
        yield found
    finally:
        driver.set_trace_callback(None)


def add(name: str) -> None:
    with transaction.atomic():
        User.objects.create(username=name)


@transaction.atomic
def add_twice(name: str) -> None:
    """Write a row, and then one for which both are rolled back."""
    User.objects.create(username=name)
    User.objects.create(username=name)


def add_many() -> None:
    """Write as much as makes the log due with the next row."""
    least = LOG_IS_DUE - 2 * PAGES_OF_A_COMMIT - 1
    with transaction.atomic():
        User.objects.bulk_create(User(username=str(number)) for number in range(least))


@pytest.mark.one_database
def test_a_sweep_writes_the_log_into_the_database() -> None:
    tasks.relay()
    add("ada")
    assert "ada" not in in_database_file()
    tasks.relay()
    assert "ada" in in_database_file()


@pytest.mark.one_database
def test_a_commit_writes_it_where_nobody_sweeps() -> None:
    add_many()
    add("ada")
    assert "ada" in in_database_file()
    add("grace")
    assert "grace" not in in_database_file()


@pytest.mark.one_database
def test_sqlite_does_not_write_it_of_its_own_accord() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone() == (0,)


@pytest.mark.one_database
@pytest.mark.parametrize("how", ["sweep", "commit"])
def test_it_is_written_right_after_a_commit_of_ones_own(how: str) -> None:
    if how == "commit":
        add_many()
    with statements() as done:
        if how == "commit":
            add("ada")
        else:
            write_ahead_log.shorten(after=lambda: add("ada"))
    words = [" ".join(statement.split()[:2]) for statement in done]
    assert words.index("PRAGMA wal_checkpoint(PASSIVE)") == words.index("COMMIT") + 1
    assert words.count("PRAGMA wal_checkpoint(PASSIVE)") == 1


@pytest.mark.one_database
def test_a_commit_that_has_written_nothing_does_not_write_it() -> None:
    DatabaseWrapper._written = LOG_IS_DUE
    with pytest.raises(IntegrityError):
        add_twice("ada")
    with statements() as done, transaction.atomic():
        User.objects.exists()
    assert not any("checkpoint" in statement for statement in done)


@pytest.mark.one_database
@pytest.mark.parametrize("how", ["sweep", "commit"])
def test_who_finds_somebody_at_it_leaves_it_to_them(how: str) -> None:
    driver: Any = connection
    driver.ensure_connection()
    with driver._alone_at_the_log() as is_alone, statements() as done:
        assert is_alone
        if how == "commit":
            add_many()
            add("ada")
        else:
            write_ahead_log.shorten(after=lambda: add("ada"))
    assert User.objects.filter(username="ada").exists()
    assert not any("checkpoint" in statement for statement in done)


@pytest.mark.one_database
def test_a_log_that_cannot_be_written_now_spoils_no_commit() -> None:
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM auth_user").fetchone()
        write_ahead_log.shorten(after=lambda: add("ada"))
    assert User.objects.filter(username="ada").exists()


@pytest.mark.one_database
def test_a_lock_that_cannot_be_had_spoils_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(base.os, "open", fail)
    write_ahead_log.shorten(after=lambda: add("ada"))
    assert User.objects.filter(username="ada").exists()


def test_within_a_transaction_what_is_to_be_done_is_done_alone() -> None:
    with transaction.atomic():
        write_ahead_log.shorten(after=lambda: add("ada"))
    assert User.objects.filter(username="ada").exists()
