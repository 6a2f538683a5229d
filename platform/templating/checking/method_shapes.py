"""What the methods and attributes of values give, as far as templates can reach them."""

from datetime import date, datetime, time

from templating.checking.shapes import (
    ANYTHING,
    TEXT,
    TRUTH,
    WHOLE,
    Invocable,
    ListOf,
    LoopShape,
    MapOf,
    Record,
    Scalar,
    Shape,
    TupleOf,
    Words,
)

TRUE_OR_FALSE = ("is", "startswith", "endswith")
NUMBERS = frozenset({"count", "find"})
LISTS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
LOOP = {"first": TRUTH, "last": TRUTH}
LOOP_METHODS = frozenset({"changed", "cycle"})


def result_of_method(owner: Shape, name: str) -> Shape:
    """Return the shape of an attribute that is known to exist and is not a field."""
    match owner:
        case Scalar(kind=kind) if issubclass(kind, str):
            return _returning(name, _of_text(name))
        case Scalar(kind=kind) if issubclass(kind, date | time):
            return _of_moment(kind, name)
        case Record() | Words() | MapOf():
            return _returning(name, _of_mapping(owner, name))
        case LoopShape() if name not in LOOP_METHODS:
            return LOOP.get(name, WHOLE)
    return ANYTHING


def _returning(name: str, result: Shape) -> Shape:
    return Invocable(name, lambda *_: result)


def _of_text(name: str) -> Shape:
    if name.startswith(TRUE_OR_FALSE):
        return TRUTH
    if name in NUMBERS:
        return WHOLE
    return ListOf(TEXT) if name in LISTS else TEXT


def _of_moment(kind: type, name: str) -> Shape:
    if name in {"date", "time"} and issubclass(kind, datetime):
        return _returning(name, Scalar(date if name == "date" else time))
    if name in {"weekday", "isoweekday"}:
        return _returning(name, WHOLE)
    return WHOLE


def _of_mapping(owner: Shape, name: str) -> Shape:
    value = owner.value if isinstance(owner, MapOf) else ANYTHING
    results = {
        "items": ListOf(TupleOf((TEXT, value))),
        "keys": ListOf(TEXT),
        "values": ListOf(value),
    }
    return results.get(name, ANYTHING)
