"""Jinja's filters on numbers, lists and mappings, with bounds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import filters as jinja
from jinja2.environment import Environment
from jinja2.filters import make_attrgetter
from jinja2.runtime import Undefined
from jinja2.utils import pass_environment

from templating.budget import MAX_INTEGER_BITS, bounded_number, counted, tick
from templating.errors import BadValue, BoundsExceeded
from templating.filters.paying import comparing, paying

MAX_PRECISION = 30


def whole(value: Any, default: Any = 0, base: int = 10) -> Any:
    """Return the value as a whole number, or the default where it is none."""
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > MAX_PRECISION):
        raise BoundsExceeded("the number is too large")
    if isinstance(value, str) and len(value) > MAX_INTEGER_BITS:
        raise BoundsExceeded("the number is too long")
    return jinja.do_int(value, default, base)


def rounded(value: Any, precision: int = 0, method: Any = "common") -> Any:
    """Return the number rounded to this many decimals."""
    if abs(bounded_number(precision, name="the precision")) > MAX_PRECISION:
        raise BoundsExceeded(f"the precision may be at most {MAX_PRECISION}")
    if not isinstance(value, int | float | Decimal | Undefined):
        raise BadValue(f"cannot round a {type(value).__name__}")
    number: Any = value  # Jinja declares floats only, and rounds decimals as well
    return jinja.do_round(number, precision, method)


@pass_environment
def total(
    environment: Environment,
    value: Iterable[Any],
    attribute: str | int | None = None,
    start: int | float | Decimal = 0,
) -> Any:
    """Return the sum of the numbers, or of one attribute of the items."""
    items: Iterable[Any] = counted(value)
    if attribute is not None:
        items = map(make_attrgetter(environment, attribute), items)
    result: Any = start
    for item in items:
        # Adding lists would copy them again for every item.
        if not isinstance(item, int | float | Decimal | Undefined):
            raise BadValue(f"sum adds numbers, not {type(item).__name__}")
        result = result + item
    return result


def batched(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """Yield the items in lists of this length."""
    tick(bounded_number(linecount, name="the size of a batch"))
    return jinja.do_batch(value, linecount, fill_with)


def sliced(value: Iterable[Any], slices: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """Yield the items in this many lists."""
    tick(bounded_number(slices, name="the number of slices"))
    return jinja.sync_do_slice(list(value), slices, fill_with)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": paying(abs),
    "batch": paying(batched),
    "count": len,
    "d": jinja.do_default,
    "default": jinja.do_default,
    "dictsort": comparing(jinja.do_dictsort),
    "first": paying(jinja.sync_do_first),
    "float": paying(jinja.do_float),
    "groupby": comparing(jinja.sync_do_groupby),
    "int": whole,
    "items": paying(jinja.do_items),
    "last": paying(jinja.do_last),
    "length": len,
    "list": paying(jinja.sync_do_list),
    "map": paying(jinja.sync_do_map),
    "max": comparing(jinja.do_max),
    "min": comparing(jinja.do_min),
    "reject": paying(jinja.sync_do_reject),
    "rejectattr": paying(jinja.sync_do_rejectattr),
    "reverse": paying(jinja.do_reverse),
    "round": rounded,
    "select": paying(jinja.sync_do_select),
    "selectattr": paying(jinja.sync_do_selectattr),
    "slice": paying(sliced),
    "sort": comparing(jinja.do_sort),
    "sum": total,
    "unique": comparing(jinja.do_unique),
}
