"""What the checker knows of a value without having it: its fields, items and methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2.runtime import LoopContext
from pydantic import BaseModel

from templating import attributes


@dataclass(frozen=True)
class Shape:
    """What may be known of a value. Nothing, unless it is one of the kinds below."""


@dataclass(frozen=True)
class Nothing(Shape):
    """None."""


@dataclass(frozen=True)
class Scalar(Shape):
    """A text, number, date, … of this Python type."""

    kind: type


@dataclass(frozen=True)
class Record(Shape):
    """A part of a context: a mapping whose keys are the fields of a model."""

    model: type[BaseModel]


@dataclass(frozen=True)
class Words(Shape):
    """The words of a locale (`t`), or a table within them."""

    path: str
    entries: Mapping[str, Any] = field(compare=False)


@dataclass(frozen=True)
class MapOf(Shape):
    """A mapping with any keys."""

    value: Shape


@dataclass(frozen=True)
class ListOf(Shape):
    """A list, or what can be looped over like one."""

    item: Shape


@dataclass(frozen=True)
class TupleOf(Shape):
    """A list of known length, written in a template or yielded by `items()`."""

    items: tuple[Shape, ...]


@dataclass(frozen=True)
class Maybe(Shape):
    """A value that may be None."""

    shape: Shape


@dataclass(frozen=True)
class LoopShape(Shape):
    """The `loop` of a `for`."""

    item: Shape


@dataclass(frozen=True, eq=False)
class Opened(Shape):
    """What a template made itself: an imported module, a namespace, the blocks of `self`."""

    kind: str
    entries: dict[str, Shape]
    complete: bool = True  # whether other names are certainly not there


@dataclass(frozen=True, eq=False)
class Invocable(Shape):
    """Something to call; `call` takes the node and its arguments' shapes, by place and by name."""

    name: str
    call: Callable[[Any, Any, Any], Shape]


ANYTHING = Shape()
TEXT, WHOLE, TRUTH = Scalar(str), Scalar(int), Scalar(bool)
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})


def certain(shape: Shape) -> Shape:
    """Return the shape of a value that is known not to be None."""
    return shape.shape if isinstance(shape, Maybe) else shape


def joined(one: Shape, other: Shape) -> Shape:
    """Return what is known of a value that is either."""
    if one == other:
        return one
    empty = any(isinstance(shape, Maybe | Nothing) for shape in (one, other))
    shapes = {certain(shape) for shape in (one, other) if not isinstance(shape, Nothing)}
    known = shapes.pop() if len(shapes) == 1 else ANYTHING
    return Maybe(known) if empty and known is not ANYTHING else known


def known_names(shape: Shape) -> tuple[str, ...] | None:
    """Return the names that can follow a dot, fields first; None if nobody knows them all."""
    names: tuple[str, ...] | None = None
    match shape:
        case Record(model=model):
            names = (*model.model_fields, *sorted(MAPPING_METHODS))
        case Words(entries=words):
            names = (*words, *sorted(MAPPING_METHODS))
        case Opened(entries=entries, complete=True):
            names = tuple(entries)
        case LoopShape():
            names = tuple(sorted(methods_of(LoopContext)))
        case Scalar(kind=kind):
            names = tuple(sorted(methods_of(kind)))
        case ListOf() | TupleOf() | Nothing():
            names = ()
    return names


def methods_of(kind: type) -> frozenset[str]:
    """Return the attributes that templates can reach in values of a type."""
    listed = [names for known, names in attributes.ALLOWED if issubclass(kind, known)]
    bounded = [frozenset(names) for known, names in attributes.BOUNDED if issubclass(kind, known)]
    return frozenset().union(*listed, *bounded)


def described(shape: Shape) -> str:
    """Return what to call a value in a message: "a text", "a list"."""
    match shape:
        case Scalar(kind=kind):
            return _SCALARS.get(kind.__name__, f"a {kind.__name__}")
        case Record() | Words() | MapOf():
            return "a group of values"
        case ListOf() | TupleOf():
            return "a list"
        case Nothing():
            return "empty"
        case Opened(kind=kind):
            return kind
    return "something else"


_SCALARS = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "Decimal": "a number",
    "bool": "true or false",
    "date": "a day",
    "datetime": "a day and time",
    "time": "a time",
}
