"""Turns values into the text that a mail shows, and joins texts, at a price.

Nothing but texts, numbers, dates and "nothing" can be shown. A list or mapping in a mail is always
a mistake, and the text of nested lists can be exponentially long; None is an optional field that
was left out, and must not reach a customer as "None".
"""

from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from jinja2.runtime import Undefined, markup_join
from markupsafe import Markup, escape
from pydantic import AnyUrl

from templating.budget import Budget, current
from templating.errors import BadValue

PLAIN_NUMBERS = frozenset([int, Decimal])
SHOWN_AS_THEMSELVES = (int, float, Decimal, date, time, timedelta, UUID, AnyUrl, Undefined)


def text_of(value: Any) -> str:
    """Return the text of a value; Markup stays Markup. Raises BadValue for what is not text.

    An undefined value raises its own UndefinedError here.
    """
    if type(value) in PLAIN_NUMBERS:
        return str(value)
    if isinstance(value, str):
        budget = current()
        budget.characters -= len(value)  # charge(), without the call: this is the hottest line
        if budget.characters < 0:
            budget.charge(0)
        return value
    if value is None:
        return ""
    if isinstance(value, SHOWN_AS_THEMSELVES):
        return str(value)
    raise BadValue(f"a {type(value).__name__} cannot be shown as text: loop over it or name a part")


def shown_in_html(value: Any, running: Budget) -> str:
    """Return what `{{ value }}` puts into HTML: `escape(text_of(value))`, paid from this budget.

    Compiled code calls it for each value of a mail, so that the usual ones, which are texts that
    need no escaping, cost one call and make no new object. Its results only wait to be joined.
    """
    kind = type(value)
    if kind is str:
        running.characters -= len(value)
        if running.characters < 0:
            running.charge(0)
    elif kind is Markup:
        running.charge(len(value))
        return value  # type: ignore[no-any-return] # its type was looked at
    elif kind in PLAIN_NUMBERS:
        return str(value)
    else:
        value = text_of(value)
        if type(value) is not str:
            return escape(value)
    if "&" in value or "<" in value or ">" in value or '"' in value or "'" in value:
        return escape(value)
    return value  # type: ignore[no-any-return] # its type was looked at


def shown_in_text(value: Any, running: Budget) -> str:
    """Return what `{{ value }}` puts into plain text: `str(text_of(value))`; see shown_in_html."""
    kind = type(value)
    if kind is str:
        running.characters -= len(value)
        if running.characters < 0:
            running.charge(0)
        return value  # type: ignore[no-any-return] # its type was looked at
    return str(value if kind in PLAIN_NUMBERS else text_of(value))


def concat(pieces: Iterable[str]) -> str:
    """Join the pieces of a template, macro or block. In place of Jinja's own `"".join`."""
    collected = pieces if isinstance(pieces, list) else list(pieces)
    # Before they are joined: a loop over a long text is a long list of one short text.
    current().charge(sum(map(len, collected)))
    return "".join(collected)


def joined_text(parts: Iterable[Any]) -> str:
    """Return the operands of `~` as one text."""
    return concat([text_of(part) for part in parts])


def joined_markup(parts: Iterable[Any]) -> str:
    """Return the operands of `~` as one text, escaped if any of them is markup."""
    texts = [text_of(part) for part in parts]
    current().charge(sum(map(len, texts)))
    return markup_join(texts)
