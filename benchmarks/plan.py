"""What is asked for: which parts, how large, how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.place import Kind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a run.

    Attributes:
        runs: how often each contender runs; medians are of these.
        mails: in one run of the drain at no latency.
        only: the keys of contenders, or None for all.
        scale: multiplies the sizes of the other parts (0.1: a tenth, to try things out).
    """

    databases: Sequence[Kind]
    runs: int
    mails: int
    only: str | None
    scale: float
    say: Callable[[str], None]

    def size(self, usual: int, *, at_least: int = 20) -> int:
        """Return a size, scaled."""
        return max(round(usual * self.scale), at_least)
