"""Values as the database takes them, and rows written with them in one statement.

What Django's fields do for each value of each row (is it an expression? of which type? naive?)
costs more than writing the row. Here each column's own conversion is found out once for each
database; most need none.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, ForeignKey, Model
from django.utils.duration import duration_microseconds

Stored = Callable[[Any], Any]
Insertion = Callable[[], frozenset[Any]]
"""Inserts rows, and returns the primary keys of those that were inserted."""
MOST_PARAMETERS = 30_000
"""Of one statement: SQLite takes 32,766."""
AS_THEY_ARE = frozenset(
    ["CharField", "TextField", "IntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"]
)


def stored(model: type[Model], name: str) -> Stored:
    """Return what turns a value of a field into what the database's driver takes.

    Texts must fit already; see `notifications.columns` where they come from elsewhere.
    """
    return _conversions(model, connection.vendor)[name]


def insertion_of_new(rows: Sequence[Model]) -> Insertion:
    """Return what inserts unsaved rows of one model, and returns the keys of those inserted.

    The others collide with what is there, as with `bulk_create(…, ignore_conflicts=True)`, which
    does not say which they are. Keys that the database makes are not set on the rows.
    """
    insert = _insertion_of(rows, on_conflict="ON CONFLICT DO NOTHING")
    return lambda: frozenset(insert())


def insertion(rows: Sequence[Model]) -> Insertion:
    """Return what inserts unsaved rows of one model, none of which may be there.

    As with `bulk_create`, it raises `IntegrityError` if one is there, and the rows know afterwards
    that they are stored, and under which key.
    """
    insert = _insertion_of(rows, on_conflict="")

    def insert_and_tell() -> frozenset[Any]:
        keys = insert()
        for row, key in zip(rows, keys, strict=True):
            row.pk = key
            row._state.adding = False  # noqa: SLF001  documented by Django
        return frozenset(keys)

    return insert_and_tell


def _insertion_of(rows: Sequence[Model], *, on_conflict: str) -> Callable[[], list[Any]]:
    """Return what inserts rows and returns the keys of those inserted, in their order."""
    if not rows:
        return list
    model = type(rows[0])
    statement, columns = _insertion(model, connection.vendor)
    placeholders = f"({', '.join(['%s'] * len(columns))})"
    at_once = MOST_PARAMETERS // len(columns)
    statements = []
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        values = [convert(getattr(row, name)) for row in some for name, convert in columns]
        text = statement.format(rows=", ".join([placeholders] * len(some)), on_conflict=on_conflict)
        statements.append((text, values))

    def insert() -> list[Any]:
        added: list[Any] = []
        with connection.cursor() as cursor:
            for text, parameters in statements:
                cursor.execute(text, parameters)
                added += [key for (key,) in cursor.fetchall()]
        return list(map(_key_field(model).to_python, added))

    return insert


@cache
def _conversions(model: type[Model], vendor: str) -> dict[str, Stored]:
    del vendor  # a key of the cache: each database has its own forms
    return {field.name: _conversion(field) for field in model._meta.concrete_fields}


@cache
def _insertion(model: type[Model], vendor: str) -> tuple[str, list[tuple[str, Stored]]]:
    """Return the statement, and each column's attribute with its conversion."""
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, AutoField)]
    conversions = _conversions(model, vendor)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    key = connection.ops.quote_name(_key_field(model).column)
    statement = (
        f"INSERT INTO {table} ({names})"  # noqa: S608  names of ours
        f" VALUES {{rows}} {{on_conflict}} RETURNING {key}"
    )
    return statement, [(field.attname, conversions[field.name]) for field in fields]


def _key_field(model: type[Model]) -> Any:
    return model._meta.pk


def _conversion(field: Any) -> Stored:
    if isinstance(field, ForeignKey):
        return _conversion(field.target_field)
    kind, features = field.get_internal_type(), connection.features
    if kind in AS_THEY_ARE:
        return _as_it_is
    if kind == "UUIDField":
        return _as_it_is if features.has_native_uuid_field else _uuid
    if kind == "DurationField":
        return _as_it_is if features.has_native_duration_field else _duration
    if kind == "DateTimeField":
        is_sqlite = connection.vendor == "sqlite"
        return partial(_naive, zone=connection.timezone) if is_sqlite else _as_it_is
    return partial(field.get_db_prep_save, connection=connection)


def _as_it_is(value: Any) -> Any:
    return value


def _uuid(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _duration(value: timedelta | None) -> int | None:
    return None if value is None else duration_microseconds(value)


def _naive(value: datetime | None, *, zone: tzinfo | None) -> str | None:
    return None if value is None else str(value.astimezone(zone).replace(tzinfo=None))
