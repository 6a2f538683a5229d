"""Masks what a context tells about people, so that editors can look at real mails.

Every text of a context counts as personal unless its contract says otherwise: an event whose author
did not think of it shows too little in previews, never too much.

    number: Annotated[str, NOT_PERSONAL] = Field(description="What customers call the order.")

A masked text keeps its length, its first letters and its signs (markup in a name too), so that
what is laid out with it looks as it does with the real one. Numbers, times and chosen words
(`Literal`, enumerations) are shown as they are.
"""

import re
from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

MASK = "•"
WORD = re.compile(r"[^\W_]+")
ADDRESS = re.compile(r"(https?://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class _NotPersonal:
    """The mark of a field that tells nothing about a person."""

    def __repr__(self) -> str:
        return "NOT_PERSONAL"


NOT_PERSONAL: Final = _NotPersonal()


def masked(model: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context's JSON data without what is personal in it.

    Fields that the model does not know are left out.
    """
    return {
        name: data[name]
        if any(isinstance(mark, _NotPersonal) for mark in field.metadata)
        else _value(field.annotation, data[name])
        for name, field in model.model_fields.items()
        if name in data
    }


def _value(annotation: Any, value: Any) -> Any:
    if isinstance(value, dict):
        model = _model_in(annotation)
        if model is not None:
            return masked(model, value)
        return {key: _value(Any, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(_item_of(annotation), item) for item in value]
    if not isinstance(value, str) or not _is_text(annotation):
        return value
    return masked_text(value)


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of an annotation, without what they are annotated with."""
    origin = get_origin(annotation)
    if origin is Annotated:
        if any(isinstance(mark, _NotPersonal) for mark in get_args(annotation)[1:]):
            return (NOT_PERSONAL,)
        return _parts(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(part for one in get_args(annotation) for part in _parts(one))
    return (annotation,)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    models = (
        part
        for part in _parts(annotation)
        if isinstance(part, type) and issubclass(part, BaseModel)
    )
    return next(models, None)


def _item_of(annotation: Any) -> Any:
    arguments = (get_args(part) for part in _parts(annotation))
    return next((found[0] for found in arguments if found), Any)


def _is_text(annotation: Any) -> bool:
    """Whether JSON text under this annotation may be somebody's words: not a date, not a choice."""
    return any(
        part is Any or (isinstance(part, type) and issubclass(part, str) and not _is_choice(part))
        for part in _parts(annotation)
        if get_origin(part) is not Literal
    )


def _is_choice(part: type) -> bool:
    return issubclass(part, Enum)


def masked_text(text: str) -> str:
    """Return a text with the first letter of each word and signs in place of the others."""
    address = ADDRESS.fullmatch(text)
    if address is not None:
        return f"{address[1]}{address[2]}/{MASK * 3}" if address[3].strip("/") else text
    name, at, domain = text.partition("@")
    if at and "@" not in domain and not re.search(r"\s", text):
        # It has to stay an address for contracts that ask for one.
        return f"{name[:1]}{'*' * max(len(name) - 1, 1)}@example.com"
    return WORD.sub(lambda word: word[0][0] + MASK * (len(word[0]) - 1), text)
