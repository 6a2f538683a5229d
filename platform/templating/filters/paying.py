"""Wraps filters so that each use pays for what it reads and makes."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from templating.budget import Budget, counted, current, weighed
from templating.printing import text_of

Filter = Callable[..., Any]


def paying(function: Filter) -> Filter:
    """Wrap a filter whose work is proportional to the length of its value and its result."""
    return _wrapped(function, prepare=_paid)


def comparing(function: Filter) -> Filter:
    """Wrap a filter that compares or hashes the items of a list, nested ones included."""
    return _wrapped(function, prepare=_weighed)


def on_text(function: Filter) -> Filter:
    """Wrap a filter that works on a text; other values become the text that a mail would show."""
    return _wrapped(function, prepare=_text)


def _wrapped(function: Filter, *, prepare: Callable[[Budget, Any], Any]) -> Filter:
    # Jinja passes the context or environment before the value to filters that are marked so.
    position = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def paid(*args: Any, **kwargs: Any) -> Any:
        budget = current()
        budget.tick(1)
        before, value, after = args[:position], args[position], args[position + 1 :]
        result = function(*before, prepare(budget, value), *after, **kwargs)
        if isinstance(result, str | list):
            budget.charge(len(result))
        return result

    return paid


def _paid(budget: Budget, value: Any) -> Any:
    if isinstance(value, str):
        budget.charge(len(value))
    elif isinstance(value, list | tuple | Mapping | range):
        budget.tick(len(value))
    elif isinstance(value, Iterator):
        return counted(value)
    return value


def _weighed(budget: Budget, value: Any) -> Any:  # noqa: ARG001 - one signature for all
    return weighed(value)


def _text(budget: Budget, value: Any) -> Any:  # noqa: ARG001 - one signature for all
    return text_of(value)
