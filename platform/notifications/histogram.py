"""Durations counted in buckets, so that quantiles of any stretch of time are sums of small rows.

The bounds are fixed: rows written by different releases, and by different workers, must add up.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta

BOUNDS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20),
        *(60, 300, 1800, 4 * 3600, 24 * 3600),
    )
)
"""The upper bounds, inclusive; durations beyond the last have a bucket of their own."""
BUCKETS = len(BOUNDS) + 1
COLUMNS = tuple(f"bucket_{number:02}" for number in range(BUCKETS))
"""The columns of a row that hold the counts, in order."""


def bucket_of(duration: timedelta) -> int:
    """Return the number of the bucket that a duration is counted in."""
    return bisect_left(BOUNDS, duration)


def quantile(counts: Sequence[int], share: float) -> timedelta | None:
    """Return the duration below which `share` (0 to 1) of what was counted lies.

    Between a bucket's bounds the durations are taken to lie evenly; in the last bucket, which has
    no upper bound, the lower one is returned. None where nothing was counted.
    """
    wanted = share * sum(counts)
    if not any(counts):
        return None
    below = 0
    for number, count in enumerate(counts):
        if count and below + count >= wanted:
            lower = BOUNDS[number - 1] if number else timedelta()
            if number == len(BOUNDS):
                return lower
            return lower + (BOUNDS[number] - lower) * ((wanted - below) / count)
        below += count
    return BOUNDS[-1]
