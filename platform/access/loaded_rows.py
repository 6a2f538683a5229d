"""Rows that a statement written by hand returns, as models.

`QuerySet.raw` does the same at three times the cost: it asks each converter of each column of each
row, and SQLite's writers stay locked out while it does, for the statement is not over until its
last row is fetched.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cache, partial
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Field, JSONField, Model
from pydantic_core import from_json

from access.made_rows import restored
from access.prepared import prepared_cursor

AnyModel = TypeVar("AnyModel", bound=Model)
Loaded = Callable[[Any], Any]


def execute_returning(
    model: type[AnyModel],
    statement: str,
    parameters: Sequence[Any],
    *,
    fields: Sequence[str],
    using: str,
    computed: Mapping[str, str] = MappingProxyType({}),
    comes_again: bool = False,
) -> list[AnyModel]:
    """Execute a statement that changes rows of a model; return them as they are after it.

    Args:
        model: whose rows they are.
        statement: without its RETURNING.
        parameters: of the statement.
        fields: load only these, and the primary key; all of them if empty.
        using: the database's alias.
        computed: further attributes of the rows, each with the expression that the database makes
            it of; what its driver gives is not converted.
        comes_again: whether this very statement is worth being prepared.
    """
    names, columns, loaders = _loading(model, tuple(fields), using)
    if computed:
        names, columns = [*names, *computed], ", ".join([columns, *computed.values()])
    new_cursor = partial(prepared_cursor, using) if comes_again else connections[using].cursor
    with _turn_to_write(using), new_cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {columns}", parameters)
        rows = cursor.fetchall()
    return [_loaded(model, names, list(row), loaders, using=using) for row in rows]


def select_where(
    model: type[AnyModel], condition: str, parameters: Sequence[Any], *, using: str
) -> list[AnyModel]:
    """Return the rows of a model for which a condition holds.

    For what is asked so often that the ORM's making of the statement is felt.

    Args:
        model: whose rows they are.
        condition: in SQL, with `%s` for each parameter.
        parameters: of the condition.
        using: the database's alias.
    """
    names, columns, loaders = _loading(model, (), using)
    table = connections[using].ops.quote_name(model._meta.db_table)
    statement = f"SELECT {columns} FROM {table} WHERE {condition}"  # noqa: S608  written by us
    with prepared_cursor(using) as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return [_loaded(model, names, list(row), loaders, using=using) for row in rows]


def _loaded(
    model: type[AnyModel],
    names: Sequence[str],
    values: list[Any],
    loaders: Sequence[tuple[int, Loaded]],
    *,
    using: str,
) -> AnyModel:
    for position, load in loaders:
        if values[position] is not None:
            values[position] = load(values[position])
    return restored(model, names, values, using=using)


def _turn_to_write(using: str) -> AbstractContextManager[Any]:
    """Wait for other writers as `config.sqlite` does, which it can where a transaction begins."""
    is_sqlite = connections[using].vendor == "sqlite"
    return transaction.atomic(using=using, savepoint=False) if is_sqlite else nullcontext()


@cache
def _loading(
    model: type[Model], fields: tuple[str, ...], using: str
) -> tuple[list[str], str, list[tuple[int, Loaded]]]:
    """Return attributes, columns, and by position what makes a value of what the driver gives."""
    quote = connections[using].ops.quote_name
    every: Sequence[Field[Any, Any]] = model._meta.concrete_fields
    wanted = [one for one in every if not fields or one.primary_key or one.name in fields]
    loaders = [(position, _loader(field, using)) for position, field in enumerate(wanted)]
    return (
        [field.attname for field in wanted],
        ", ".join(quote(str(field.column)) for field in wanted),
        [(position, load) for position, load in loaders if load is not None],
    )


def _loader(field: "Field[Any, Any]", using: str) -> Loaded | None:
    connection = connections[using]
    column: Any = field.cached_col
    converters = [
        *connection.ops.get_db_converters(column),
        *column.get_db_converters(connection),
    ]
    if not converters:
        return None
    if isinstance(field, JSONField) and field.decoder is None:
        return _json
    if connection.vendor == "sqlite" and field.get_internal_type() == "UUIDField":
        return UUID
    if connection.vendor == "sqlite" and field.get_internal_type() == "DateTimeField":
        return partial(_aware, zone=connection.timezone)
    return partial(_converted, converters=converters, column=column, using=using)


def _json(text: str) -> Any:
    try:
        return from_json(text, cache_strings="keys")  # in under half the time of json.loads
    except ValueError:  # a lone surrogate, or deeper than it goes
        return json.loads(text)


def _aware(value: datetime, *, zone: Any) -> datetime:
    return value.replace(tzinfo=zone)


def _converted(value: Any, *, converters: Sequence[Any], column: Any, using: str) -> Any:
    for convert in converters:
        value = convert(value, column, connections[using])
    return value
