"""Rows as models, without Django's constructor.

It asks each argument and each field what it is, and sends two signals that nobody here listens to:
for a row that is written or read thousands of times a minute that is as much as rendering its mail
costs. Django's own way around it is that of unpickling: an instance, and its attributes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState

AnyModel = TypeVar("AnyModel", bound=Model)


def made(model: type[AnyModel], **values: Any) -> AnyModel:
    """Return a new row of a model, as `model(**values)` does.

    Args:
        model: whose row it is.
        values: by the names of its fields, as the constructor takes them; a related row, too.

    Raises:
        TypeError: the model has no such field.
    """
    shape = _shape(model)
    row = _instance(model, adding=True, using=None)
    own = row.__dict__
    own.update(shape.defaults)
    for name, make in shape.made:
        if name not in values:
            own[name] = make()
    own.update(values)
    for name, attribute in shape.relations:
        if name in values:
            related = own.pop(name)
            own[attribute] = None if related is None else related.pk
            row._state.fields_cache[name] = related  # noqa: SLF001  documented by Django
    if len(own) > shape.attributes:
        unknown = sorted(set(own) - shape.names - {"_state"})
        raise TypeError(f"{model.__name__} has no {', '.join(unknown)}")
    return row


def restored(
    model: type[AnyModel], names: Iterable[str], values: Iterable[Any], *, using: str
) -> AnyModel:
    """Return a stored row of a model, as `model.from_db` does.

    Args:
        model: whose row it is.
        names: the attributes that were read; the others are read when they are asked for.
        values: theirs, in their order.
        using: the database's alias.
    """
    row = _instance(model, adding=False, using=using)
    row.__dict__.update(zip(names, values, strict=True))
    return row


def _instance(model: type[AnyModel], *, adding: bool, using: str | None) -> AnyModel:
    row = model.__new__(model)
    state = row._state = ModelState()  # noqa: SLF001  documented by Django
    state.adding, state.db = adding, using
    return row


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """What a new row of a model has.

    Attributes:
        names: its attributes.
        attributes: how many there are, with Django's own one.
        defaults: those that are the same in each row.
        made: those that are made for each row.
        relations: names of related rows, each with the attribute that holds its key.
    """

    names: frozenset[str]
    attributes: int
    defaults: Mapping[str, Any]
    made: tuple[tuple[str, Callable[[], Any]], ...]
    relations: tuple[tuple[str, str], ...]


@cache
def _shape(model: type[Model]) -> _Shape:
    fields = model._meta.concrete_fields
    own = [field for field in fields if callable(field.default) and field.has_default()]
    return _Shape(
        names=frozenset(field.attname for field in fields),
        attributes=len(fields) + 1,
        defaults={field.attname: field.get_default() for field in fields if field not in own},
        made=tuple((field.attname, field.get_default) for field in own),
        relations=tuple((one.name, one.attname) for one in fields if one.name != one.attname),
    )
