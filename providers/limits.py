"""A rate limit as a sliding log of permits: at most `amount` in any `period`, exactly. Pure.

A log of times and not GCRA (a leaky bucket): GCRA lets a burst and a full period's rate through
in one period, unless the burst is 1, and then every moment that no worker asks is lost for good.
With the log the bound is exact, and a permit that was not fetched at once can be fetched later.
The price is one time kept per permit of the last period.

`limits`, the well-kept library, has such a log too, and was not used: it grants all that is
wanted or nothing, where a batch needs "as many as there are", and it trusts each caller's clock,
where the bound needs one.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from providers.rates import Rate


@dataclass(frozen=True, kw_only=True)
class Grant:
    """`granted` permits, and how long until more may be had (None: all that was wanted).

    `receipt` names them to the log, should they be given back.
    """

    granted: int
    wait: timedelta | None = None
    receipt: str = ""


@dataclass
class Log:
    """The times of the permits of the last period, the oldest first."""

    times: deque[datetime] = field(default_factory=deque)

    def take(self, wanted: int, *, rate: Rate, now: datetime) -> Grant:
        """Grant up to `wanted` permits."""
        if self.times and self.times[-1] > now:
            # The clock was set back. Counting all from now on keeps the bound, and one period
            # from now the log is sound again.
            self.times = deque([now] * len(self.times))
        # Strictly older: two permits exactly one period apart share a period.
        while self.times and now - self.times[0] > rate.period:
            self.times.popleft()
        granted = max(0, min(wanted, rate.amount - len(self.times)))
        self.times.extend([now] * granted)
        wait = self._wait(rate, now=now) if granted < wanted else None
        return Grant(granted=granted, wait=wait, receipt=now.isoformat())

    def _wait(self, rate: Rate, *, now: datetime) -> timedelta:
        # After a rate was lowered, the log is longer than it: so many must go before one may come.
        leaves_last = self.times[max(0, len(self.times) - rate.amount)]
        return leaves_last + rate.period - now + timedelta(microseconds=1)

    def give_back(self, receipt: str, count: int) -> None:
        """Forget `count` permits of a grant that were not used."""
        time = datetime.fromisoformat(receipt)
        for _ in range(min(count, self.times.count(time))):
            self.times.remove(time)


def share_of(rate: Rate, takers: int) -> Rate:
    """Return what one of `takers` processes may take, when they cannot ask a common log."""
    if takers <= 1:
        return rate
    if rate.amount >= takers:
        return Rate(rate.amount // takers, rate.period)
    return Rate(1, rate.period * takers / rate.amount)
