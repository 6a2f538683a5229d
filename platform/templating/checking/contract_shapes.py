"""Reads the shapes of values from a contract's annotations."""

import types
from collections.abc import Mapping
from collections.abc import Sequence as AbstractSequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AnyUrl, BaseModel

from templating.checking.shapes import (
    ANYTHING,
    ListOf,
    MapOf,
    Maybe,
    Nothing,
    Record,
    Scalar,
    Shape,
    joined,
)

SCALARS = (str, bool, int, float, Decimal, date, time, timedelta, UUID, AnyUrl)
LISTS = (list, tuple, set, frozenset, AbstractSequence)


@lru_cache(maxsize=256)
def fields(model: type[BaseModel]) -> Mapping[str, Shape]:
    """Return the shapes of a model's fields by name."""
    return {name: of_annotation(info.annotation) for name, info in model.model_fields.items()}


def of_annotation(annotation: Any) -> Shape:
    """Return what an annotation says of its values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return of_annotation(arguments[0])
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return _union(tuple(type(value) for value in arguments))
    if origin in LISTS:
        return ListOf(of_annotation(arguments[0]))
    if origin in (dict, Mapping):
        return MapOf(of_annotation(arguments[1]))
    return _of_type(annotation)


def _union(annotations: tuple[Any, ...]) -> Shape:
    shape = of_annotation(annotations[0])
    for annotation in annotations[1:]:
        shape = joined(shape, of_annotation(annotation))
    return Maybe(shape) if type(None) in annotations and shape is ANYTHING else shape


def _of_type(annotation: Any) -> Shape:
    if annotation is type(None):
        return Nothing()
    if not isinstance(annotation, type):
        return ANYTHING
    if issubclass(annotation, BaseModel):
        return Record(annotation)
    if issubclass(annotation, Enum) and not issubclass(annotation, str):
        return ANYTHING
    known = issubclass(annotation, SCALARS)
    return Scalar(str if issubclass(annotation, str) else annotation) if known else ANYTHING
