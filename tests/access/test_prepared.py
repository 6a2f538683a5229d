"""Statements are prepared where the server itself is asked, and nowhere else."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import ApiKey, IdempotencyKey
from access.prepared import _can_prepare, prepared_cursor
from access.stored_values import insertion, insertion_of_new
from tests.support import pgbouncer
from tests.support.pgbouncer import PgBouncer

pytestmark = [pytest.mark.only_postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_connection(transactional_db: None) -> Iterator[None]:
    """Let each test begin with a connection on which nothing was prepared."""
    connection.close()
    yield
    connection.close()


def prepared() -> list[str]:
    """Return what is prepared on the present connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [statement for (statement,) in cursor.fetchall()]


def ask(value: int) -> int:
    """Ask the database for a value, as what is asked again and again is asked."""
    with prepared_cursor("default") as cursor:
        cursor.execute("SELECT %s + 1", [value])
        [(found,)] = cursor.fetchall()
    return int(found)


def new_key(name: str = "shop") -> ApiKey:
    """Return an unsaved row."""
    return ApiKey(name=name, prefix=name, secret_hash="-", scopes=[])


def test_a_statement_is_prepared_once() -> None:
    assert [ask(value) for value in range(10)] == list(range(1, 11))
    assert prepared() == ["SELECT $1 + 1"]


def test_who_has_statements_logged_sees_what_is_in_them() -> None:
    with CaptureQueriesContext(connection) as captured:
        ask(41)
    assert [query["sql"] for query in captured.captured_queries] == ["SELECT 41 + 1"]
    assert prepared() == []


def test_one_that_fails_leaves_the_connection_as_any_other_does() -> None:
    with transaction.atomic():
        insertion([new_key()])()
    for _ in range(2):
        with pytest.raises(IntegrityError), transaction.atomic():
            insertion([new_key()])()
    with transaction.atomic():
        assert insertion_of_new([new_key()])() == frozenset()
        with pytest.raises(IntegrityError), transaction.atomic():  # a savepoint
            insertion([new_key()])()
        insertion([new_key("other")])()
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize("in_a_transaction", [False, True])
def test_a_column_that_changes_its_type_meanwhile_costs_one_statement_at_most(
    in_a_transaction: bool,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changing (value integer)")
        cursor.execute("INSERT INTO changing VALUES (7)")

    def read() -> object:
        with prepared_cursor("default") as cursor:
            cursor.execute("SELECT value FROM changing")
            [(found,)] = cursor.fetchall()
        return found

    try:
        assert (read(), read()) == (7, 7)
        with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
            other.execute("ALTER TABLE changing ALTER value TYPE varchar(9)")
        if in_a_transaction:
            with pytest.raises(NotSupportedError, match="cached plan"), transaction.atomic():
                read()
        assert (read(), read(), ask(1)) == ("7", "7", 2)
        with transaction.atomic():
            assert (ask(1), read()) == (2, "7")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE changing")


def test_many_rows_and_one_are_stored_alike() -> None:
    key = new_key()
    key.save()
    now = timezone.now()
    for count in (1, 3):
        rows = [
            IdempotencyKey(
                api_key=key,
                key=f"{count}-{number}",
                fingerprint="f",
                created_at=now + timedelta(microseconds=number),
            )
            for number in range(count)
        ]
        for _ in range(3):
            insertion_of_new(rows)()
    assert IdempotencyKey.objects.count() == 4
    assert {row.created_at for row in IdempotencyKey.objects.filter(key="1-0")} == {now}


@pytest.mark.skipif(not pgbouncer.PROGRAM.exists(), reason="apt install pgbouncer")
def test_behind_a_pooler_nothing_is_prepared() -> None:
    connection.ensure_connection()
    assert _can_prepare(connection.connection)
    with (
        PgBouncer(connection.connection.info) as pooler,
        psycopg.connect(pooler.address, prepare_threshold=None) as first,
        psycopg.connect(pooler.address, prepare_threshold=None) as second,
    ):
        for _ in range(3):
            for pooled in (first, second):
                assert not _can_prepare(pooled)
                pooled.commit()
        assert first.prepare_threshold is None
