"""The backoff ahead as a picture: a row for each coming attempt, a bar for when it may take place.

Geometry only; the template draws it. Time runs from the next attempt on, on a logarithmic scale,
because the waits double: seconds and days are both to be seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.forecast import Coming

WIDTH = 460
LEFT, RIGHT = 30, 110
ROW = 24
TOP = 24
THICK = 14
MARKS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
)
NARROWEST = 6.0
UNIT = timedelta(seconds=5)
"""What the scale takes for its first step; it is nearly linear below."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One coming attempt."""

    number: int
    x: float
    y: float
    width: float
    text_x: float
    text_y: float
    is_exact: bool
    when: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One moment on the scale."""

    x: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that the template needs."""

    width: int
    height: int
    bars: list[Bar]
    marks: list[Mark]


def picture(coming: Sequence[Coming]) -> Picture | None:
    """Return the picture of the coming attempts, or None where there are none."""
    if not coming:
        return None
    start = coming[0].earliest
    span = max(coming[-1].latest - start, timedelta(seconds=30)) * 1.05
    return Picture(
        width=WIDTH,
        height=TOP + ROW * len(coming) + 4,
        bars=[_bar(one, row=row, start=start, span=span) for row, one in enumerate(coming)],
        marks=[Mark(x=_x(mark, span), label=f"+{words(mark)}") for mark in MARKS if mark < span],
    )


def _bar(one: Coming, *, row: int, start: datetime, span: timedelta) -> Bar:
    x, end = _x(one.earliest - start, span), _x(one.latest - start, span)
    y = TOP + ROW * row
    width = max(end - x, NARROWEST)
    return Bar(
        number=one.number,
        x=x,
        y=y,
        width=round(width, 1),
        text_x=round(x + width + 6, 1),
        text_y=y + THICK - 3,
        is_exact=one.is_exact,
        when=_window(one),
    )


def _window(one: Coming) -> str:
    """Return when it takes place by the clock, with the day where that is another one."""
    begins, ends = timezone.localtime(one.earliest), timezone.localtime(one.latest)
    if one.is_exact:
        return f"{begins:%H:%M:%S}"
    if begins.date() == ends.date():
        return f"{begins:%H:%M}–{ends:%H:%M}"
    return f"{begins:%H:%M} – {ends:%d %H:%M}"


def _x(after: timedelta, span: timedelta) -> float:
    inside = WIDTH - LEFT - RIGHT
    share = math.log1p(max(after, timedelta()) / UNIT) / math.log1p(span / UNIT)
    return round(LEFT + inside * min(share, 1.0), 1)


def words(time: timedelta) -> str:
    """Return a length of time in its largest sensible unit."""
    seconds = max(time.total_seconds(), 0)
    for size, text in ((86400, _("%d d")), (3600, _("%d h")), (60, _("%d min"))):
        if seconds >= size * 0.98:
            return text % round(seconds / size)
    return _("%d s") % round(seconds)
