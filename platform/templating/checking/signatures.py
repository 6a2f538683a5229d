"""Whether a filter or function is given the arguments that it takes."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jinja2 import nodes


def misfit(
    function: Callable[..., Any], node: nodes.Filter | nodes.Call, *, skipped: int
) -> str | None:
    """Return what is wrong with the arguments, or None.

    `skipped` is how many leading parameters the template does not write (a filter's value).
    """
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return None
    signature = _signature(function)
    if signature is None:
        return None
    before = skipped + (1 if hasattr(function, "jinja_pass_arg") else 0)
    keywords: dict[str, None] = {str(keyword.key): None for keyword in node.kwargs}
    try:
        signature.bind(*[None] * (before + len(node.args)), **keywords)
    except TypeError as error:
        return str(error)
    return None


@lru_cache(maxsize=512)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
