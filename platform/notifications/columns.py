"""Makes text fit the column it goes to.

What providers answer and what templates make of customers' data may be longer than a column, or
hold what no UTF-8 column of PostgreSQL does. A mail that has left must be recorded all the same.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import CharField, Model, TextField


def fit(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` of `model`'s fields with each text made to fit; the rest as it is."""
    return {name: _fitted(model, name, value) for name, value in values.items()}


def fit_row(row: Model) -> None:
    """Make the texts of an unsaved row fit."""
    for field in row._meta.concrete_fields:
        if isinstance(field, CharField | TextField):
            setattr(
                row, field.attname, _fitted(type(row), field.name, field.value_from_object(row))
            )


def _fitted(model: type[Model], name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    field = model._meta.get_field(name)
    # A lone surrogate, as broken JSON may hold one, becomes a question mark.
    text = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return text[: field.max_length] if isinstance(field, CharField) else text
