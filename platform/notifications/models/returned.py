"""Rows that an UPDATE returns, as models.

`QuerySet.raw` does the same at three times the cost: it asks each converter of each column of each
row, and SQLite's writers stay locked out while it does, for the statement is not over until its
last row is fetched.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Field, JSONField, Model

AnyModel = TypeVar("AnyModel", bound=Model)
Loaded = Callable[[Any], Any]


def execute_returning(
    model: type[AnyModel],
    statement: str,
    parameters: Sequence[Any],
    *,
    fields: Sequence[str],
    using: str,
) -> list[AnyModel]:
    """Execute a statement that changes rows of a model; return them as they are after it.

    Args:
        model: whose rows they are.
        statement: without its RETURNING.
        parameters: of the statement.
        fields: load only these, and the primary key; all of them if empty.
        using: the database's alias.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    names, columns, loaders = _loading(model, tuple(fields), using)
    listed = ", ".join(map(quote, columns))
    with _turn_to_write(using), connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {listed}", parameters)
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        for position, load in loaders:
            if row[position] is not None:
                row[position] = load(row[position])
    return [model.from_db(using, names, row) for row in rows]


def _turn_to_write(using: str) -> AbstractContextManager[Any]:
    """Wait for other writers as `config.sqlite` does, which it can where a transaction begins."""
    is_sqlite = connections[using].vendor == "sqlite"
    return transaction.atomic(using=using, savepoint=False) if is_sqlite else nullcontext()


@cache
def _loading(
    model: type[Model], fields: tuple[str, ...], using: str
) -> tuple[list[str], list[str], list[tuple[int, Loaded]]]:
    """Return attributes, columns, and by position what makes a value of what the driver gives."""
    every: Sequence[Field[Any, Any]] = model._meta.concrete_fields
    wanted = [one for one in every if not fields or one.primary_key or one.name in fields]
    loaders = [(position, _loader(field, using)) for position, field in enumerate(wanted)]
    return (
        [field.attname for field in wanted],
        [str(field.column) for field in wanted],
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
        return json.loads
    if connection.vendor == "sqlite" and field.get_internal_type() == "UUIDField":
        return UUID
    if connection.vendor == "sqlite" and field.get_internal_type() == "DateTimeField":
        return partial(_aware, zone=connection.timezone)
    return partial(_converted, converters=converters, column=column, using=using)


def _aware(value: datetime, *, zone: Any) -> datetime:
    return value.replace(tzinfo=zone)


def _converted(value: Any, *, converters: Sequence[Any], column: Any, using: str) -> Any:
    for convert in converters:
        value = convert(value, column, connections[using])
    return value
