"""Arithmetic as templates may do it: numbers stay small, and repeating text is paid in advance."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.runtime import Undefined

from templating.budget import MAX_INTEGER_BITS, charge
from templating.errors import BoundsExceeded

# Undefined values are let through, so that the operator itself says what is undefined.
OPERANDS = (int, float, Decimal, date, timedelta, Undefined)
SEQUENCES = (str, list, tuple)


def _compute(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not (isinstance(left, OPERANDS) and isinstance(right, OPERANDS)):
        kinds = f"{type(left).__name__} and {type(right).__name__}"
        raise TypeError(f"cannot calculate with {kinds}")
    result = function(left, right)
    if isinstance(result, int) and result.bit_length() > MAX_INTEGER_BITS:
        raise BoundsExceeded("a number grew too large")
    return result


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, SEQUENCES) and isinstance(right, SEQUENCES):
        charge(len(left) + len(right))
        return left + right  # type: ignore[operator] # a mixture raises the TypeError that says so
    return _compute(operator.add, left, right)


def _subtract(left: Any, right: Any) -> Any:
    return _compute(operator.sub, left, right)


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(right, SEQUENCES):
        left, right = right, left
    if isinstance(left, SEQUENCES) and isinstance(right, int):
        charge(len(left) * max(right, 0))
        return left * right
    if isinstance(left, int) and isinstance(right, int):
        # Checked before, because the multiplication itself is what takes the time.
        bits = left.bit_length() + right.bit_length()
        if bits > 2 * MAX_INTEGER_BITS:
            raise BoundsExceeded("a number grew too large")
    return _compute(operator.mul, left, right)


def _divide(left: Any, right: Any) -> Any:
    return _compute(operator.truediv, left, right)


def _floor_divide(left: Any, right: Any) -> Any:
    return _compute(operator.floordiv, left, right)


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise SecurityError("'%' does not format text in templates: use the filter `format`")
    return _compute(operator.mod, left, right)


def _power(*_: Any) -> Any:
    raise SecurityError("'**' is not available in templates")


BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": _floor_divide,
    "%": _remainder,
    "**": _power,
}
