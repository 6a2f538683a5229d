"""Which attributes and methods templates can reach, by type: what is not listed does not exist.

An allow-list, because Jinja's sandbox only denies what it knows to be dangerous, and knows nothing
of cost: `'x'.ljust(10**9)` is safe there. Names that begin with an underscore are refused loudly
(they are never a typing mistake), and so are real methods that are not listed.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, TemplateReference
from jinja2.utils import Cycler, Namespace

from templating.budget import bounded_number, charge, weighed

MISSING = object()

ALLOWED: tuple[tuple[type, frozenset[str]], ...] = (
    (
        str,
        frozenset(
            [
                "capitalize",
                "casefold",
                "count",
                "endswith",
                "find",
                "isalnum",
                "isalpha",
                "isdecimal",
                "isdigit",
                "islower",
                "isnumeric",
                "isspace",
                "istitle",
                "isupper",
                "lower",
                "lstrip",
                "partition",
                "removeprefix",
                "removesuffix",
                "rpartition",
                "rsplit",
                "rstrip",
                "split",
                "splitlines",
                "startswith",
                "strip",
                "swapcase",
                "title",
                "upper",
            ]
        ),
    ),
    (tuple, frozenset({"grouper", "list"})),  # of `groupby`
    (
        datetime,
        frozenset(
            [
                "day",
                "hour",
                "minute",
                "month",
                "second",
                "year",
                "date",
                "time",
                "weekday",
                "isoweekday",
            ]
        ),
    ),
    (date, frozenset(["day", "month", "year", "weekday", "isoweekday"])),
    (time, frozenset(["hour", "minute", "second"])),
    (timedelta, frozenset(["days", "seconds", "total_seconds"])),
    (
        LoopContext,
        frozenset(
            [
                "cycle",
                "depth",
                "depth0",
                "first",
                "index",
                "index0",
                "last",
                "length",
                "nextitem",
                "previtem",
                "revindex",
                "revindex0",
            ]
        ),
    ),
    (Cycler, frozenset({"current", "next", "reset"})),
    (BlockReference, frozenset({"super"})),
)


def _padded(method: Callable[..., str], text: str, width: int, fill: str = " ") -> str:
    width = bounded_number(width, name="the width")
    charge(max(width, len(text)))
    return method(text, width, fill)


def _zero_filled(text: str, width: int) -> str:
    return _padded(str.rjust, text, width, "0")


def _replaced(text: str, old: str, new: str, count: int = -1) -> str:
    found = text.count(old) if old else len(text) + 1
    charge(len(text) + found * len(new))
    return text.replace(old, new, count)


def _joined(separator: str, items: Any) -> str:
    parts = list(items)
    charge(sum(map(len, parts)) + len(parts) * (len(separator) + 1))
    return separator.join(parts)


def _got(mapping: Mapping[Any, Any], key: Any, default: Any = None) -> Any:
    return mapping.get(weighed(key), default)


# As lists, because views would be compared without being paid for.
def _items(mapping: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return list(mapping.items())


def _keys(mapping: Mapping[Any, Any]) -> list[Any]:
    return list(mapping)


def _values(mapping: Mapping[Any, Any]) -> list[Any]:
    return list(mapping.values())


def _changed(loop: LoopContext, *value: Any) -> bool:
    return loop.changed(*weighed(value))


# Methods whose cost is not bounded by what they are given, as functions that bound it.
BOUNDED: tuple[tuple[type, Mapping[str, Callable[..., Any]]], ...] = (
    (
        str,
        {
            "center": partial(_padded, str.center),
            "ljust": partial(_padded, str.ljust),
            "rjust": partial(_padded, str.rjust),
            "zfill": _zero_filled,
            "replace": _replaced,
            "join": _joined,
        },
    ),
    (Mapping, {"get": _got, "items": _items, "keys": _keys, "values": _values}),
    (LoopContext, {"changed": _changed}),
)


def read(value: Any, name: str) -> Any:
    """Return the attribute that templates see under this name, or MISSING.

    Raises SecurityError for underscored names, and for methods that exist but are not listed.
    """
    if name.startswith("_"):
        raise SecurityError(f"access to {name!r} is not allowed in templates")
    if isinstance(value, str):
        charge(len(value))  # a method reads its text, even where it returns a number
    for kind, bounded in BOUNDED:
        if isinstance(value, kind) and name in bounded:
            return partial(bounded[name], value)
    for kind, names in ALLOWED:
        if isinstance(value, kind) and name in names:
            return getattr(value, name, MISSING)
    for kind, reader in OPEN:
        if isinstance(value, kind):
            return reader(value, name)
    if hasattr(type(value), name):
        kind_name = type(value).__name__
        raise SecurityError(f"{name!r} of a {kind_name} is not available in templates")
    return MISSING


def _exported(module: TemplateModule, name: str) -> Any:
    return module.__dict__.get(name, MISSING)


def _entry(namespace: Namespace, name: str) -> Any:
    return getattr(namespace, name, MISSING)


def _block(template: TemplateReference, name: str) -> Any:
    try:
        return template[name]
    except KeyError:
        return MISSING


# What templates name themselves: macros of an import, entries of a namespace, blocks.
OPEN: tuple[tuple[type, Callable[[Any, str], Any]], ...] = (
    (TemplateModule, _exported),
    (Namespace, _entry),
    (TemplateReference, _block),
)
