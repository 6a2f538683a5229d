"""Reads stored contexts as their contracts type them, without making the contracts' objects.

Templates meet mappings, lists and values, never an object with methods. So what a model would read
into objects, to be taken apart again, is read into mappings at once, in half the time. That holds
for models that declare fields and do nothing else; any other reads for itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from templating.personal import NOT_PERSONAL

Reader = Callable[[Any], Mapping[str, Any]]

VALUES = frozenset([str, int, float, bool, Decimal, datetime, date, time, timedelta, UUID])
"""What a model gives back as it reads it."""
SETTINGS = frozenset(["extra", "frozen", "title"])
"""What a model's configuration may say without a difference to what is read."""


class _OtherwiseError(Exception):
    """The model does more than to declare fields."""


@cache
def reader(model: type[BaseModel]) -> Reader:
    """Return what reads JSON data as a model does, and gives it as plain typed data.

    What the model does not know is left out. It raises pydantic's ValidationError, as the model
    does.
    """
    try:
        return SchemaValidator(_mapping(model)).validate_python
    except _OtherwiseError:
        return lambda data: model.model_validate(data, extra="ignore").model_dump()


def _mapping(model: type[BaseModel]) -> CoreSchema:
    decorators = model.__pydantic_decorators__
    does_more = (
        any(getattr(decorators, one.name) for one in fields(decorators))
        or model.__pydantic_custom_init__
        or model.__pydantic_post_init__
        or model.__pydantic_root_model__
        or "__get_pydantic_core_schema__" in vars(model)
    )
    if does_more or model.model_config.keys() - SETTINGS:
        raise _OtherwiseError
    declared = {name: _field(field) for name, field in model.model_fields.items()}
    return core_schema.typed_dict_schema(declared, extra_behavior="ignore")


def _field(field: FieldInfo) -> core_schema.TypedDictField:
    does_more = (
        field.alias
        or field.validation_alias
        or field.serialization_alias
        or field.exclude
        or field.discriminator
        or field.validate_default
        or field.default_factory
    )
    if does_more:
        raise _OtherwiseError
    schema = _schema(field.annotation, field.metadata)
    if field.is_required():
        return core_schema.typed_dict_field(schema)
    if field.default is not None and type(field.default) not in VALUES:
        raise _OtherwiseError
    schema = core_schema.with_default_schema(schema, default=field.default)
    return core_schema.typed_dict_field(schema, required=False)


def _schema(annotation: Any, metadata: Sequence[Any] = ()) -> CoreSchema:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _schema(inner[0], [*inner[1:], *metadata])
    if annotation in VALUES or origin is Literal:
        # None: an annotation must have something to say.
        return TypeAdapter(Annotated[(annotation, *metadata, None)]).core_schema
    if any(mark is not NOT_PERSONAL for mark in metadata):
        raise _OtherwiseError  # of a whole list, say
    if origin is list:
        return core_schema.list_schema(_schema(*inner))
    if origin in (Union, UnionType) and len(inner) == 2 and NoneType in inner:
        [other] = [one for one in inner if one is not NoneType]
        return core_schema.nullable_schema(_schema(other))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _mapping(annotation)
    raise _OtherwiseError
