"""SQLite's log is written into the database by who sweeps, and not by who commits."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from access import write_ahead_log
from notifications import tasks

PAGE = 4_096
"""Bytes, unless somebody has chosen otherwise."""
pytestmark = pytest.mark.django_db(transaction=True)


def in_database_file() -> set[str]:
    """Return the names of the people in SQLite's file, without what only its log holds."""
    file = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as alone:
        return {name for (name,) in alone.execute("SELECT username FROM auth_user")}


@pytest.mark.one_database
def test_a_sweep_writes_the_log_into_the_database() -> None:
    tasks.relay()
    User.objects.create(username="ada")
    assert "ada" not in in_database_file()
    tasks.relay()
    assert "ada" in in_database_file()


@pytest.mark.one_database
def test_a_commit_leaves_the_log_alone_for_as_long_as_somebody_sweeps() -> None:
    with connection.cursor() as cursor:  # the file stays as long as an earlier test has made it
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    User.objects.create(username="ada")
    # Over a thousand pages, at which SQLite itself would begin.
    User.objects.bulk_create(
        User(username=str(number), password="x" * 120) for number in range(25_000)
    )
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    assert 1_000 < log.stat().st_size // PAGE < 8_000
    assert "ada" not in in_database_file()


def test_nothing_is_done_within_a_transaction() -> None:
    with transaction.atomic():
        User.objects.create(username="ada")
        write_ahead_log.shorten()
    assert User.objects.filter(username="ada").exists()
