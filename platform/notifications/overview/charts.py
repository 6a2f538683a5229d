"""Stacked bars as numbers for an SVG: drawn by the server, so they need no script and no colours.

Widths are per cent of the drawing and heights are pixels: it fits any window and nothing in it is
stretched. The colours are classes, which light and dark style sheets fill.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.functional import Promise

from notifications.figures import Step
from notifications.overview import wording

GAP = 0.18
"""The share of a step's width that stays free between bars."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One of the stacked amounts: an outcome of the steps, and what the legend calls it."""

    outcomes: tuple[str, ...]
    label: str | Promise
    colour: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said of a step's beginning.

    Attributes:
        tip: beside its numbers.
        tick: below its bar; most bars have nothing there.
    """

    tip: Callable[[datetime], str]
    tick: Callable[[datetime], str]


WORDS = {
    "hour": Words(
        tip=wording.clock, tick=lambda at: wording.clock(at, every=timedelta(minutes=10))
    ),
    "day": Words(tip=wording.clock, tick=lambda at: wording.clock(at, every=timedelta(hours=4))),
    "week": Words(tip=wording.day_and_clock, tick=wording.midnight),
}
"""The words of each of `figures.COURSES`."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rectangle: x and width in per cent, y and height in pixels."""

    x: str
    width: str
    y: float
    height: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """All of one step: its bars, its ground for the pointer, and what to say about it."""

    x: str
    width: str
    bars: list[Bar]
    tip: str
    label: str
    counts: list[int]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A line across, or a time below."""

    at: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What the template draws."""

    height: int
    columns: list[Column]
    lines: list[Tick]
    times: list[Tick]
    series: Sequence[Series]
    totals: list[int] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted at all."""
        return not any(self.totals)

    @property
    def legend(self) -> list[tuple[Series, str]]:
        """Each series with its sum."""
        sums = map(wording.number, self.totals)
        return list(zip(self.series, sums, strict=True))


def stacked(
    steps: Sequence[Step],
    *,
    series: Sequence[Series],
    height: int,
    words: Words,
) -> Chart:
    """Return a chart of the steps, `height` pixels high."""
    counts = [[_sum(step, one) for one in series] for step in steps]
    top = ceiling(max(map(sum, counts), default=0))
    share = 100 / len(steps)
    columns = []
    for number, (step, amounts) in enumerate(zip(steps, counts, strict=True)):
        left = number * share
        columns.append(
            Column(
                x=f"{left:.3f}%",
                width=f"{share:.3f}%",
                bars=[
                    Bar(
                        x=f"{left + share * GAP / 2:.3f}%",
                        width=f"{share * (1 - GAP):.3f}%",
                        y=round(below, 1),
                        height=round(tall, 1),
                        colour=one.colour,
                    )
                    for one, below, tall in _piled(series, amounts, height=height, top=top)
                ],
                tip=_tip(words.tip(step.begins_at), series, amounts),
                label=words.tip(step.begins_at),
                counts=amounts,
            )
        )
    return Chart(
        height=height,
        columns=columns,
        lines=[
            Tick(at=f"{height - height * part / 4:.1f}", label=wording.number(top * part // 4))
            for part in range(5)
        ],
        times=[
            Tick(at=f"{(number + 0.5) * share:.2f}%", label=label)
            for number, step in enumerate(steps)
            if (label := words.tick(step.begins_at)) and number
        ],
        series=series,
        totals=[sum(column) for column in zip(*counts, strict=True)],
    )


def ceiling(most: int) -> int:
    """Return a round number, divisible by four, that is not below `most`."""
    if most <= 4:
        return 4
    size: int = 10 ** int(math.log10(most))
    rounded = (
        math.ceil(step * size / 4) * 4 for step in (1, 1.2, 1.6, 2, 2.4, 2.8, 3.2, 4, 4.8, 6, 8, 12)
    )
    return next(limit for limit in rounded if limit >= most)


def _sum(step: Step, series: Series) -> int:
    return sum(step.counts.get(outcome, 0) for outcome in series.outcomes)


def _piled(
    series: Sequence[Series], counts: Sequence[int], *, height: int, top: int
) -> Iterator[tuple[Series, float, float]]:
    """Give each series that has something with its bar's upper edge (from above) and height."""
    edge = float(height)
    for one, count in zip(series, counts, strict=True):
        if count:
            tall = max(count * height / top, 1.5)  # one of ten thousand is no thinner than a hair
            edge -= tall
            yield one, edge, tall


def _tip(when: str, series: Sequence[Series], counts: Sequence[int]) -> str:
    told = [
        f"{one.label}: {wording.number(count)}"
        for one, count in zip(series, counts, strict=True)
        if count
    ]
    return "\n".join([when, *(told or [wording.NOTHING])])
