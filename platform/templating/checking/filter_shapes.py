"""What filters need and what they make, as far as it matters for what follows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from jinja2 import nodes

from templating.checking.shapes import (
    ANYTHING,
    TEXT,
    WHOLE,
    ListOf,
    MapOf,
    Opened,
    Record,
    Scalar,
    Shape,
    TupleOf,
    Words,
)


@dataclass(frozen=True, kw_only=True)
class Input:
    """The values that a filter works on."""

    described: str
    kinds: tuple[type, ...] = ()
    shapes: tuple[type[Shape], ...] = ()
    not_kinds: tuple[type, ...] = ()
    refuses_none: bool = True

    def takes(self, value: Shape) -> bool:
        """Whether the filter may work on such a value."""
        if type(value) is Shape:
            return True
        if isinstance(value, Scalar):
            return issubclass(value.kind, self.kinds) and not (
                self.not_kinds and issubclass(value.kind, self.not_kinds)
            )
        return isinstance(value, self.shapes)


NUMBER = Input(described="a number", kinds=(int, float, Decimal), not_kinds=(bool,))
LIST = Input(
    described="a list",
    kinds=(str,),
    shapes=(ListOf, TupleOf, MapOf, Record, Words, Opened),
)
SHOWN = Input(
    described="a text",
    kinds=(object,),
    refuses_none=False,
)
INPUTS: Mapping[str, Input] = {
    **dict.fromkeys(("money", "quantity", "percent", "round", "abs"), NUMBER),
    "date": Input(described="a day", kinds=(date,)),
    "datetime": Input(described="a day and time", kinds=(datetime,)),
    "time": Input(described="a time", kinds=(time, datetime)),
    "address_lines": Input(described="an address", shapes=(Record, MapOf)),
    **dict.fromkeys(
        (
            "batch",
            "count",
            "first",
            "groupby",
            "join",
            "last",
            "length",
            "list",
            "map",
            "max",
            "min",
            "reject",
            "rejectattr",
            "select",
            "selectattr",
            "slice",
            "sort",
            "sum",
            "unique",
        ),
        LIST,
    ),
    **dict.fromkeys(
        (
            "capitalize",
            "center",
            "columns",
            "indent",
            "lower",
            "replace",
            "title",
            "trim",
            "truncate",
            "upper",
            "wordwrap",
        ),
        SHOWN,
    ),
}
SAME = frozenset(
    {"list", "reverse", "select", "reject", "selectattr", "rejectattr", "sort", "unique"}
)
ITEM = frozenset({"first", "last", "max", "min"})
PIECES = frozenset({"batch", "slice"})
WHOLES = frozenset({"count", "length", "wordcount", "int"})
TEXTS = frozenset(
    [
        *("capitalize", "center", "columns", "date", "datetime", "e", "escape", "format", "indent"),
        *("join", "lower", "money", "percent", "quantity", "replace", "string", "time", "title"),
        *("tojson", "trim", "truncate", "upper", "urlencode", "wordwrap"),
    ]
)


def result_of(node: nodes.Filter, value: Shape, attribute: Shape) -> Shape:
    """Return what a filter makes of a value; `attribute` is what its `attribute=` leads to."""
    item = value.item if isinstance(value, ListOf) else ANYTHING
    if node.name in SAME:
        return value if isinstance(value, Scalar) else ListOf(item)
    results = {
        **dict.fromkeys(TEXTS, TEXT),
        **dict.fromkeys(WHOLES, WHOLE),
        **dict.fromkeys(ITEM, item),
        **dict.fromkeys(PIECES, ListOf(ListOf(item))),
        **dict.fromkeys(("sum", "round", "abs", "float"), Scalar(Decimal)),
        "address_lines": ListOf(TEXT),
        "groupby": ListOf(TupleOf((attribute, ListOf(item)))),
        "map": ListOf(attribute),
    }
    return results.get(node.name, ANYTHING)
