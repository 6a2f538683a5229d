"""The functions that templates can call by name; see `filters` and `tests` for the rest."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2.utils import Cycler, Joiner, Namespace

from templating.budget import tick


def bounded_range(*bounds: int) -> range:
    """Return a range, whose length is paid in advance (a `length` or `in` would not count it)."""
    result = range(*bounds)
    if result:
        # Not len(): it fails for what does not fit a machine word.
        tick((result[-1] - result[0]) // result.step + 1)
    return result


def make_dict(**values: Any) -> dict[str, Any]:
    """Return a mapping of the given names."""
    return values


def make_namespace(**values: Any) -> Namespace:
    """Return what a loop can `{% set %}` entries of."""
    return Namespace(**values)


GLOBALS: Mapping[str, Callable[..., Any]] = {
    "cycler": Cycler,
    "dict": make_dict,
    "joiner": Joiner,
    "namespace": make_namespace,
    "range": bounded_range,
}
