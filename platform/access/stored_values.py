"""Values as the database takes them, and rows written with them in one statement.

What Django's fields do for each value of each row (is it an expression? of which type? naive?)
costs more than writing the row. Here each column's own conversion is found out once for each
database; most need none.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, partial
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, ForeignKey, JSONField, Model
from django.utils.duration import duration_microseconds
from pydantic_core import to_json

from access.prepared import prepared_cursor

Stored = Callable[[Any], Any]
Insertion = Callable[[], frozenset[Any]]
"""Inserts rows, and returns the primary keys of those that were inserted."""
Telling = Callable[[], dict[Any, bool]]
"""Does that, and tells with each key whether a condition holds."""
Values = Callable[[Model], tuple[Any, ...]]
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
    return lambda: frozenset(key for (key,) in insert())


def insertion_of_new_telling(rows: Sequence[Model], *, condition: str) -> Telling:
    """Return what inserts as `insertion_of_new` does, and tells of which rows a condition holds.

    Args:
        rows: unsaved rows of one model.
        condition: in SQL, without parameters, of the row's columns.
    """
    insert = _insertion_of(rows, on_conflict="ON CONFLICT DO NOTHING", telling=f", {condition}")
    return lambda: {key: bool(holds) for key, holds in insert()}


def insertion(rows: Sequence[Model]) -> Insertion:
    """Return what inserts unsaved rows of one model, none of which may be there.

    As with `bulk_create`, it raises `IntegrityError` if one is there, and the rows know afterwards
    that they are stored, and under which key.
    """
    insert = _insertion_of(rows, on_conflict="")

    def insert_and_tell() -> frozenset[Any]:
        keys = [key for (key,) in insert()]
        for row, key in zip(rows, keys, strict=True):
            row.pk = key
            row._state.adding = False  # noqa: SLF001  documented by Django
        return frozenset(keys)

    return insert_and_tell


def _insertion_of(
    rows: Sequence[Model], *, on_conflict: str, telling: str = ""
) -> Callable[[], list[tuple[Any, ...]]]:
    """Return what inserts rows, and returns key and `telling` of those inserted, in order."""
    if not rows:
        return list
    model = type(rows[0])
    insert_into, names, values_of, returning = _insertion(model, connection.vendor)
    at_once = MOST_PARAMETERS // len(names)
    statements = []
    for start in range(0, len(rows), at_once):
        query, parameters = rows_query(
            model, names, [values_of(row) for row in rows[start : start + at_once]]
        )
        text = f"{insert_into} {query} {on_conflict} {returning}{telling}"
        statements.append((text, parameters))

    def insert() -> list[tuple[Any, ...]]:
        added: list[tuple[Any, ...]] = []
        with prepared_cursor(connection.alias) as cursor:
            for text, parameters in statements:
                cursor.execute(text, parameters)
                added += cursor.fetchall()
        to_key = _key_field(model).to_python
        return [(to_key(key), *told) for key, *told in added]

    return insert


def rows_query(
    model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return a query that gives rows of values, as columns of a model take them.

    On PostgreSQL what differs among many rows is one parameter, in JSON: its driver would take
    longer to write thousands of parameters into a statement than the server to read them.

    Args:
        model: whose columns they are.
        names: the attributes of the columns.
        rows: at least one; each with a value for each name.

    Returns:
        The query, and its parameters.
    """
    columns = _columns(model, names, connection.vendor)
    converted = [list(row) for row in rows]
    for values in converted:
        for position, convert in columns.converted:
            values[position] = convert(values[position])
    if columns.in_json and len(rows) > 1:
        return _from_json(columns, list(zip(*converted, strict=True)))
    placeholders = f"({', '.join(columns.placeholders)})"
    return (
        f"VALUES {', '.join([placeholders] * len(rows))}",
        [value for values in converted for value in values],
    )


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """How values of some columns get into a query.

    Attributes:
        converted: the positions of those that are not taken as they are, with their conversions.
        placeholders: of a row.
        in_json: each as it stands in a query whose rows are one parameter, in JSON; empty where a
            driver takes parameters quickly.
    """

    converted: Sequence[tuple[int, Stored]]
    placeholders: Sequence[str]
    in_json: "Sequence[_InJson]"


class _InJson(NamedTuple):
    """A column in SQL: as the JSON declares it, as it is read there, and as one parameter."""

    declared: str
    read: str
    once: str


def _from_json(columns: _Columns, by_column: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Return the query that reads rows from JSON; what is the same in all of them is not in it."""
    # But the first column, so that there are rows to be read, whatever is the same in them.
    same = {
        position
        for position, values in enumerate(by_column)
        if position and values.count(values[0]) == len(values)
    }
    own = [position for position in range(len(by_column)) if position not in same]
    keys = [f"c{position}" for position in own]
    keyed = [
        dict(zip(keys, values, strict=True))
        for values in zip(*(by_column[position] for position in own), strict=True)
    ]
    taken = ", ".join(
        column.once if position in same else column.read
        for position, column in enumerate(columns.in_json)
    )
    declared = ", ".join(columns.in_json[position].declared for position in own)
    common = [by_column[position][0] for position in sorted(same)]
    return (
        f"SELECT {taken} FROM json_to_recordset(%s::json) AS given({declared})",  # noqa: S608
        # A driver might name a member of an enumeration, which JSON takes as the text that it is.
        [*(str(one) if isinstance(one, str) else one for one in common), to_json(keyed).decode()],
    )


@cache
def _columns(model: type[Model], names: tuple[str, ...], vendor: str) -> _Columns:
    conversions = _conversions(model, vendor)
    fields = {field.attname: field for field in model._meta.concrete_fields}
    found = [fields[name] for name in names]
    by_position = [conversions[field.name] for field in found]
    is_postgresql = vendor == "postgresql"
    # JSON in JSON is a text there, or it would have to be read to be written into the other.
    is_json = [isinstance(field, JSONField) for field in found]
    return _Columns(
        converted=[
            (position, convert)
            for position, convert in enumerate(by_position)
            if convert is not _as_it_is
        ],
        placeholders=["%s::jsonb" if is_postgresql and json_ else "%s" for json_ in is_json],
        in_json=[
            _in_json(f"c{position}", str(field.db_type(connection)), is_json=json_)
            for position, (field, json_) in enumerate(zip(found, is_json, strict=True))
        ]
        if is_postgresql
        else (),
    )


def _in_json(key: str, kind: str, *, is_json: bool) -> _InJson:
    if is_json:
        return _InJson(declared=f"{key} text", read=f"{key}::jsonb", once="%s::jsonb")
    # Without its length, to which PostgreSQL would cut a text silently.
    once = f"%s::{kind.partition('(')[0]}"
    return _InJson(declared=f"{key} {kind}", read=key, once=once)


@cache
def _conversions(model: type[Model], vendor: str) -> dict[str, Stored]:
    del vendor  # a key of the cache: each database has its own forms
    return {field.name: _conversion(field) for field in model._meta.concrete_fields}


@cache
def _insertion(model: type[Model], vendor: str) -> tuple[str, tuple[str, ...], Values, str]:
    """Return the statement's beginning, its columns' attributes, what reads them, and its end."""
    del vendor  # a key of the cache
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, AutoField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    names = tuple(field.attname for field in fields)
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns})",
        names,
        attrgetter(*names),
        f"RETURNING {quote(_key_field(model).column)}",
    )


def _key_field(model: type[Model]) -> Any:
    return model._meta.pk


def _conversion(field: Any) -> Stored:
    if isinstance(field, ForeignKey):
        return _conversion(field.target_field)
    kind, features = field.get_internal_type(), connection.features
    if kind in AS_THEY_ARE:
        return _as_it_is
    own: dict[str, Stored] = {
        "UUIDField": _as_it_is if features.has_native_uuid_field else _uuid,
        "DurationField": _interval if features.has_native_duration_field else _duration,
        "JSONField": partial(_json, encoder=getattr(field, "encoder", None)),
        "DateTimeField": partial(_naive, zone=connection.timezone)
        if connection.vendor == "sqlite"
        else _in_utc,
    }
    return own.get(kind) or partial(field.get_db_prep_save, connection=connection)


def _as_it_is(value: Any) -> Any:
    return value


def _uuid(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _duration(value: timedelta | None) -> int | None:
    return None if value is None else duration_microseconds(value)


def _interval(value: timedelta | None) -> str | None:
    if value is None:
        return None
    # Not all in microseconds, of which PostgreSQL 14 reads no more than half an hour.
    return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"


def _json(value: Any, *, encoder: type[json.JSONEncoder] | None) -> str | None:
    return None if value is None else json.dumps(value, cls=encoder)


def _in_utc(value: datetime | None) -> datetime | None:
    # JSON's offsets have whole minutes, a zone's of the nineteenth century have not.
    if value is None or value.tzinfo is UTC or value.tzinfo is None:
        return value
    return value.astimezone(UTC)


def _naive(value: datetime | None, *, zone: tzinfo | None) -> str | None:
    return None if value is None else str(value.astimezone(zone).replace(tzinfo=None))
