"""All filters that templates can use, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from templating.filters import addresses, columns, data, localised, text

FILTERS: Mapping[str, Callable[..., Any]] = {
    **text.FILTERS,
    **data.FILTERS,
    **localised.FILTERS,
    **addresses.FILTERS,
    **columns.FILTERS,
}
