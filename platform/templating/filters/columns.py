"""Two columns in plain text: words on the left, an amount at the right edge.

    {{ "2 × Green tea" | columns("₩24,000") }}
    2 × Green tea                                        ₩24,000

Places are those of a fixed-width font, in which a Korean, Chinese or Japanese letter takes two.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from templating.budget import bounded_number, charge
from templating.printing import text_of

GAP = 2
INDENT = "    "


def columns(value: Any, right: Any, width: int = 60) -> str:
    """Return both texts as wide as a mail's text is: `right` ends the first line, `value` wraps.

    Words are never cut: one that is longer than its column stands on a line of its own.
    """
    left, end = text_of(value), text_of(right)
    room = bounded_number(width, name="the width") - _places(end) - GAP
    charge((len(INDENT) + 1) * len(left) + width)
    first, *others = _lines(left.split(), room=room)
    gap = max(room + GAP - _places(first), GAP)
    return "\n".join([first + " " * gap + end, *others])


def _lines(words: Iterable[str], *, room: int) -> Iterator[str]:
    line, taken = "", 0
    for word in words:
        needed = _places(word)
        if line and taken + 1 + needed > room:
            yield line
            line, taken = INDENT + word, len(INDENT) + needed
        elif line:
            line, taken = f"{line} {word}", taken + 1 + needed
        else:
            line, taken = word, needed
    yield line


def _places(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_place(character) for character in text)


@lru_cache(maxsize=8192)
def _place(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


FILTERS: Mapping[str, Callable[..., Any]] = {"columns": columns}
