"""What a part of the benchmark comes to: tables for people, data for files, and what is held."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first column is text, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def as_text(self) -> str:
        """Return it for a terminal."""
        lines = [list(self.columns), *(list(row) for row in self.rows)]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        shown = [
            "  ".join(
                cell.ljust(width) if n == 0 else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "-" * len(shown[0])
        text = [self.title, "", shown[0], rule, *shown[1:]]
        return "\n".join(text + ([self.note] if self.note else []))

    def as_markdown(self) -> str:
        """Return it for the documentation."""
        aligned = ["---", *("---:" for _ in self.columns[1:])]
        lines = [self.columns, aligned, *self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"**{self.title}**\n\n{table}\n" + (f"\n{self.note}\n" if self.note else "")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One thing that Postroom promises, and what was measured."""

    promise: str
    measured: str
    holds: bool


@dataclass(kw_only=True)
class Part:
    """All that one part found."""

    name: str
    tables: list[Table] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def ratio(promise: str, *, ours: float, theirs: float, at_least: float) -> Verdict:
    """Judge that `ours` is at least so many times `theirs`."""
    found = ours / theirs if theirs else float("inf")
    return Verdict(
        promise=promise,
        measured=f"{found:.2f} times ({ours:,.4g} against {theirs:,.4g})",
        holds=found >= at_least,
    )


def share(promise: str, *, ours: float, theirs: float, at_most: float) -> Verdict:
    """Judge that `ours` is at most so many times `theirs`."""
    found = ours / theirs if theirs else float("inf")
    return Verdict(
        promise=promise,
        measured=f"{found:.2f} times ({ours:,.4g} against {theirs:,.4g})",
        holds=found <= at_most,
    )


def with_range(median: float, low: float, high: float, *, digits: int = 0) -> str:
    """Write a median with the lowest and highest run."""
    return f"{median:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"
