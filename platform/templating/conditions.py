"""Jinja's tests (`is defined`, `is even`, …), those that compare or convert values with bounds."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import tests as jinja

from templating.budget import tick, weighed

Condition = Callable[..., bool]


def _comparing(function: Callable[[Any, Any], Any]) -> Condition:
    def compared(left: Any, right: Any) -> bool:
        tick()
        return bool(function(weighed(left), weighed(right)))

    return compared


def _on_numbers(function: Condition) -> Condition:
    """Refuse texts, for which Jinja's `value % 2` formats instead of dividing."""

    def computed(value: Any, *divisor: Any) -> bool:
        tick()
        if isinstance(value, str):
            raise TypeError("cannot calculate with str")
        return function(value, *divisor)

    return computed


def _is_lower(value: Any) -> bool:
    return isinstance(weighed(value), str) and value.islower()


def _is_upper(value: Any) -> bool:
    return isinstance(weighed(value), str) and value.isupper()


_COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "eq": ("==", "equalto"),
    "ne": ("!=",),
    "gt": (">", "greaterthan"),
    "ge": (">=",),
    "lt": ("<", "lessthan"),
    "le": ("<=",),
}

TESTS: Mapping[str, Condition] = {
    "boolean": jinja.test_boolean,
    "callable": callable,
    "defined": jinja.test_defined,
    "divisibleby": _on_numbers(jinja.test_divisibleby),
    "escaped": jinja.test_escaped,
    "even": _on_numbers(jinja.test_even),
    "false": jinja.test_false,
    "float": jinja.test_float,
    "in": _comparing(jinja.test_in),
    "integer": jinja.test_integer,
    "iterable": jinja.test_iterable,
    "lower": _is_lower,
    "mapping": jinja.test_mapping,
    "none": jinja.test_none,
    "number": jinja.test_number,
    "odd": _on_numbers(jinja.test_odd),
    "sameas": jinja.test_sameas,
    "sequence": jinja.test_sequence,
    "string": jinja.test_string,
    "true": jinja.test_true,
    "undefined": jinja.test_undefined,
    "upper": _is_upper,
    **{
        alias: _comparing(getattr(operator, name))
        for name, aliases in _COMPARISONS.items()
        for alias in (name, *aliases)
    },
}
