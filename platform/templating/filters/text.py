"""Jinja's filters on text, with bounds, and a few that plain-text mail needs."""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from jinja2 import filters as jinja
from jinja2.environment import Environment
from jinja2.filters import make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.utils import htmlsafe_json_dumps, pass_environment, pass_eval_context
from markupsafe import Markup, escape

from templating.budget import bounded_number, charge, counted, current
from templating.errors import BadValue, BoundsExceeded
from templating.filters.paying import on_text
from templating.printing import text_of

LONGEST_WRAPPED = 20_000  # textwrap's work grows faster than the text
PLACEHOLDER = re.compile(
    r"%(?:\((?P<name>\w+)\))?[-+ #0]*(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?(?P<kind>.|$)",
    re.DOTALL,
)
KINDS = frozenset("deEfFgGiosxX%")


def center(value: str, width: int = 80) -> str:
    """Return the text in the middle of a line of this width."""
    width = bounded_number(width, name="the width")
    return value.center(width)


def escaped(value: Any) -> Markup:
    """Return the value's text as markup that shows it."""
    return escape(text_of(value))


def formatted(value: str, *args: Any, **kwargs: Any) -> str:
    """Return the text with its `%` placeholders filled: `{{ "%s: %.2f" | format(name, rate) }}`.

    `%(name)s` takes keyword arguments. Widths from arguments (`%*d`) and `%r` are not known.
    """
    if args and kwargs:
        raise TypeError("format takes either positional or keyword arguments, not both")
    filled: Any = {name: _argument(argument) for name, argument in kwargs.items()} or tuple(
        _argument(argument) for argument in args
    )
    for placeholder in PLACEHOLDER.finditer(value):
        _check_placeholder(placeholder, filled)
    result: str = value % filled
    return result


def _argument(value: Any) -> Any:
    return value if isinstance(value, int | float | Decimal) else text_of(value)


def _check_placeholder(placeholder: re.Match[str], filled: Any) -> None:
    if placeholder["kind"] not in KINDS:
        raise BadValue(f"format does not know the placeholder {placeholder[0]!r}")
    for part in (placeholder["width"], placeholder["precision"]):
        if part == "*":
            raise BadValue("format takes no widths from its arguments")
        if part:
            # Six digits say more than the largest width; int() of more is work of its own.
            charge(bounded_number(int(part[:6]), name="a width in format"))
    if placeholder["name"] and isinstance(filled, dict):
        argument = filled.get(placeholder["name"])
        charge(len(argument) if isinstance(argument, str) else 1)


def indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 - Jinja's signature
    """Return the text with its lines indented (the first one only if asked)."""
    columns_wide = len(width) if isinstance(width, str) else width
    bounded_number(columns_wide, name="the indentation")
    charge((value.count("\n") + 2) * max(columns_wide, 0))
    return jinja.do_indent(value, width, first, blank)


@pass_eval_context
def joined(
    eval_ctx: EvalContext, value: Iterable[Any], d: Any = "", attribute: str | int | None = None
) -> str:
    """Return the texts of the items with a separator between them."""
    items = counted(value)
    if attribute is not None:
        items = map(make_attrgetter(eval_ctx.environment, attribute), items)
    parts = [text_of(item) for item in items]
    separator = text_of(d)
    charge(sum(map(len, parts)) + len(parts) * len(separator))
    return jinja.sync_do_join(eval_ctx, parts, separator)


@pass_eval_context
def replaced(
    eval_ctx: EvalContext, value: str, old: Any, new: Any, count: int | None = None
) -> str:
    """Return the text with every `old` (or the first `count`) replaced by `new`."""
    old, new = text_of(old), text_of(new)
    found = value.count(old) if old else len(value) + 1
    charge(len(value) + found * len(new))
    return jinja.do_replace(eval_ctx, value, old, new, count)


def tojson(value: Any) -> Markup:
    """Return the value as JSON that is safe inside `<script>` and attributes in single quotes."""
    current().weigh(value)
    return htmlsafe_json_dumps(value, dumps=_dumps, ensure_ascii=False)


def _dumps(value: Any, **options: Any) -> str:
    return json.dumps(value, default=_json_default, **options)


def _json_default(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise BadValue(f"a {type(value).__name__} cannot be written as JSON")


def _query_part(value: Any) -> Any:
    return value if isinstance(value, int | float) else text_of(value)


def urlencoded(value: Any) -> str:
    """Return a text quoted for use in a URL, or a mapping as a query string."""
    if isinstance(value, Mapping):
        current().weigh(value)
        return jinja.do_urlencode(
            {_query_part(key): _query_part(entry) for key, entry in value.items()}
        )
    return jinja.do_urlencode(text_of(value))


def wordwrapped(value: str, width: int = 79, break_long_words: bool = True) -> str:  # noqa: FBT001, FBT002 - Jinja's signature
    """Return the text with its lines wrapped at this width."""
    width = bounded_number(width, name="the width")
    if len(value) > LONGEST_WRAPPED:
        raise BoundsExceeded(f"wordwrap takes at most {LONGEST_WRAPPED:,} characters")
    lines = [
        "\n".join(textwrap.wrap(line, max(width, 1), break_long_words=break_long_words))
        for line in value.splitlines()
    ]
    return "\n".join(lines)


@pass_environment
def truncated(environment: Environment, value: str, *args: Any, **kwargs: Any) -> str:
    """Return the beginning of the text, as Jinja's truncate does."""
    return jinja.do_truncate(environment, value, *args, **kwargs)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "capitalize": on_text(jinja.do_capitalize),
    "center": on_text(center),
    "e": escaped,
    "escape": escaped,
    "format": on_text(formatted),
    "indent": on_text(indent),
    "join": joined,
    "lower": on_text(jinja.do_lower),
    "replace": on_text(replaced),
    "string": on_text(text_of),
    "title": on_text(jinja.do_title),
    "tojson": tojson,
    "trim": on_text(jinja.do_trim),
    "truncate": on_text(truncated),
    "upper": on_text(jinja.do_upper),
    "urlencode": urlencoded,
    "wordcount": on_text(jinja.do_wordcount),
    "wordwrap": on_text(wordwrapped),
}
