"""Two columns in plain text: words on the left, an amount at the right edge.

    {{ "2 × Green tea" | columns("₩24,000") }}
    2 × Green tea                                        ₩24,000

Widths are those of a fixed-width font, in which a Korean letter takes two columns.
"""

import unicodedata

from templating.budget import bounded_number, charge

WIDTH = 60
GAP = 2
INDENT = "    "


def columns(left: str, right: str, width: int = WIDTH) -> str:
    """Return one or more lines: `right` ends the first, and `left` is wrapped before it.

    Words are never cut: one that is longer than its column stands on a line of its own.
    Raises BoundsExceeded when the width is more than a template may name.
    """
    width = bounded_number(width, name="the width")
    charge(2 * (len(left) + len(right)) + width)
    first, *others = _wrapped(str(left).split(), room=width - _width_of(right) - GAP)
    gap = max(GAP, width - _width_of(first) - _width_of(right))
    return "\n".join([first + " " * gap + right, *others])


def _wrapped(words: list[str], *, room: int) -> list[str]:
    lines: list[str] = []
    line, taken = "", 0
    for word in words:
        needed = _width_of(word)
        if line.strip() and taken + 1 + needed > room:
            lines.append(line)
            line, taken = INDENT + word, len(INDENT) + needed
        else:
            line, taken = (f"{line} {word}", taken + 1 + needed) if line else (word, needed)
    return [*lines, line]


def _width_of(text: str) -> int:
    return sum(_width_of_character(character) for character in text)


def _width_of_character(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
