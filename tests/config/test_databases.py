"""From DATABASE_URL to Django's DATABASES, and SQLite's settings under several writers."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import databases
from config.env import SettingError


def test_with_none_set_it_is_sqlite_in_var_dir(tmp_path: Path) -> None:
    found = databases.resolve(None, var_dir=tmp_path / "var")
    assert found["ENGINE"] == databases.PATIENT_SQLITE
    assert found["NAME"] == str(tmp_path / "var" / "postroom.sqlite3")
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["CONN_MAX_AGE"] == 60


def test_postgresql_keeps_and_checks_its_connections_and_waits_a_bounded_time() -> None:
    found = databases.resolve("postgres://me:p%40ss@db:5433/mail?sslmode=require", var_dir=Path())
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db", 5433, "mail")
    assert found["PASSWORD"] == "p@ss"
    assert found["CONN_MAX_AGE"] == 60
    assert found["CONN_HEALTH_CHECKS"] is True
    assert found["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


def test_the_address_decides_over_our_connect_timeout() -> None:
    found = databases.resolve("postgres://db/mail?connect_timeout=2", var_dir=Path())
    assert int(found["OPTIONS"]["connect_timeout"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgres://",
        "postgres://user:s3cr[t@host/db",
        "postgres://user:s3cret@host:port/db",
        "mysql://user:s3cret@host/db",
        "oracle://user:s3cret@host/db",
        "unknown://user:s3cret@host/db",
        "sqlite://",
        "sqlite://:memory:",
    ],
)
def test_what_postroom_cannot_use_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(SettingError) as refusal:
        databases.resolve(url, var_dir=Path())
    assert str(refusal.value).startswith("postroom.E001: DATABASE_URL ")
    assert "postgres://user:password@host:5432/name" in str(refusal.value)
    assert "s3cr" not in str(refusal.value)


WRITER = """
import sys, django
from django.conf import settings
from pathlib import Path
from config import databases
settings.configure(DATABASES={"default": databases.resolve(None, var_dir=Path(sys.argv[1]))})
django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS counter (n INTEGER)")
for _ in range(200):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM counter")
        cursor.execute("INSERT INTO counter VALUES (%s)", cursor.fetchone())
with connection.cursor() as cursor:
    print(cursor.execute("PRAGMA journal_mode").fetchone()[0])
"""


def test_three_processes_write_to_sqlite_at_once_and_none_finds_it_locked(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert (out.strip(), err, writer.returncode) == ("wal", "", 0)
