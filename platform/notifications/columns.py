"""Makes text fit the column it goes to.

What providers answer and what templates make of customers' data may be longer than a column, or
hold what no UTF-8 column of PostgreSQL does. A mail that has left must be recorded all the same.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db.models import CharField, Model, TextField


def fit(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` of `model`'s fields with each text made to fit; the rest as it is."""
    longest = _longest(model)
    found = dict(values)
    for name, value in values.items():
        if value and isinstance(value, str) and not fits(value, longest.get(name)):
            found[name] = fitted(value, longest=longest.get(name))
    return found


def fit_row(row: Model) -> None:
    """Make the texts of an unsaved row fit."""
    values = row.__dict__
    for name, longest in _longest(type(row)).items():
        value = values[name]
        if value and isinstance(value, str) and not fits(value, longest):
            values[name] = fitted(value, longest=longest)


def fits(text: str, longest: int | None) -> bool:
    """Return whether a text can certainly be stored as it is; see `fitted`."""
    return (
        type(text) is str
        and text.isascii()
        and "\x00" not in text
        and (longest is None or len(text) <= longest)
    )


def fitted(text: str, *, longest: int | None) -> str:
    """Return a text of at most `longest` characters that every UTF-8 column takes."""
    plain = str(text)  # not a member of an enumeration, which a database's driver might name
    if not plain.isascii():
        # A lone surrogate, as broken JSON may hold one, becomes a question mark.
        plain = plain.encode("utf-8", "replace").decode("utf-8")
    if "\x00" in plain:
        plain = plain.replace("\x00", "")
    return plain if longest is None else plain[:longest]


@cache
def _longest(model: type[Model]) -> Mapping[str, int | None]:
    """Return the text columns of a model, each with the most characters that it holds."""
    return {
        field.attname: field.max_length if isinstance(field, CharField) else None
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | TextField)
    }
