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
from pydantic import AnyUrl

from templating.budget import current
from templating.errors import BadValue

SHOWN_AS_THEMSELVES = (int, float, Decimal, date, time, timedelta, UUID, AnyUrl, Undefined)


def text_of(value: Any) -> str:
    """Return the text of a value; Markup stays Markup. Raises BadValue for what is not text.

    An undefined value raises its own UndefinedError here.
    """
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


def concat(pieces: Iterable[str]) -> str:
    """Join the pieces of a template, macro or block. In place of Jinja's own `"".join`."""
    collected = pieces if isinstance(pieces, list) else list(pieces)
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
