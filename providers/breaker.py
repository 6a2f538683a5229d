"""A provider's circuit breaker as a value: what each piece of news makes of it. Pure policy.

    closed ──(`failures` in a row)──> open ──(a probe is handed out)──> half-open
       ^                               ^                                   │
       │                               └──────(the probe fails)────────────┤
       └──────────────(the probe is answered: taken, or refused)───────────┘

While it is half-open one mail of one worker, the probe, is under way and nobody else's. A probe
whose worker died is given up when its lease ends, and another one may go.

`UnknownOutcome` counts as a failure: the breaker judges whether the provider answers, not what
became of the mail. One that swallows mail and says nothing costs a whole timeout and perhaps a
double each time, so new mail should leave through the next provider; the mail in doubt itself is
still never failed over. A refused mail counts as an answer: whoever says no is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from providers.errors import PermanentError, ProviderError


class BreakerState(StrEnum):
    """Whether mail may go to a provider."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class News(StrEnum):
    """What a breaker hears of."""

    ANSWERED = "answered"
    """The provider took a mail, or refused one for what it is."""
    FAILED = "failed"
    """It could not be reached, refused us, or gave no usable answer."""
    PROBED = "probed"
    """A probe was handed out."""
    UNUSED = "unused"
    """The probe was given back unused."""


OF_ONE_MAIL = frozenset({"recipient_unavailable", "smtp_450", "still_in_progress"})
"""Transient codes that say something of one mail and nothing of the provider."""

PACED = frozenset({"rate_limited"})
"""The provider is well and names its pace: a pause (`providers.pauses`) is the answer to that.
Several workers hear it at once, so that counting it would turn one second's wait into an outage."""


@dataclass(frozen=True, kw_only=True)
class BreakerPolicy:
    """When a breaker opens, and for how long it stays so.

    The time doubles from `first` with each probe that fails, up to `longest`; while no other
    provider takes mail, up to `longest_alone`: then every mail waits for this one.
    """

    failures: int
    first: timedelta
    longest: timedelta
    longest_alone: timedelta
    probe_lease: timedelta

    def open_for(self, openings: int, *, alone: bool) -> timedelta:
        """Return how long the `openings`-th opening in a row lasts (1 is the first)."""
        # The exponent is bounded before it is used: the count is not.
        doubled = self.first * (1 << min(max(openings, 1) - 1, 20))
        return min(doubled, self.longest, self.longest_alone if alone else self.longest)


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """One provider's breaker: its state, since when and why.

    `failures` counts those in a row while closed; `openings` those in a row, with no long good
    time in between; `lease_ends` is when a probe that is not heard of is given up.
    """

    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    reason: str = ""
    failures: int = 0
    openings: int = 0
    lease_ends: datetime | None = None

    def probe_at(self, policy: BreakerPolicy, *, alone: bool) -> datetime | None:
        """Return when a probe may go (it may lie in the past), or None while closed."""
        if self.state is BreakerState.OPEN and self.since is not None:
            return self.since + policy.open_for(self.openings, alone=alone)
        return self.lease_ends if self.state is BreakerState.HALF_OPEN else None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a transition may look at besides the breaker. `alone`: nobody else takes mail."""

    now: datetime
    reason: str
    policy: BreakerPolicy
    alone: bool = False


Transition = Callable[[Breaker, Moment], Breaker]


def news_of(error: ProviderError) -> News | None:
    """Return what a breaker hears of `error`, or None: it says nothing of the provider's health."""
    if isinstance(error, PermanentError):
        return News.ANSWERED
    return None if error.code in OF_ONE_MAIL | PACED else News.FAILED


def after(breaker: Breaker, news: News, moment: Moment) -> Breaker:
    """Return what `news` makes of `breaker`; the very same value where nothing changes."""
    return TRANSITIONS[breaker.state, news](breaker, moment)


def _stay(breaker: Breaker, _moment: Moment) -> Breaker:
    return breaker


def _forget_failures(breaker: Breaker, _moment: Moment) -> Breaker:
    return replace(breaker, failures=0) if breaker.failures else breaker


def _count(breaker: Breaker, moment: Moment) -> Breaker:
    counted = replace(breaker, failures=breaker.failures + 1)
    return _open(counted, moment) if counted.failures >= moment.policy.failures else counted


def _open(breaker: Breaker, moment: Moment) -> Breaker:
    # A provider that took one probe and failed again at once is not treated as a new patient.
    relapse = (
        breaker.state is not BreakerState.CLOSED
        or breaker.since is None
        or moment.now - breaker.since <= moment.policy.longest
    )
    return Breaker(
        state=BreakerState.OPEN,
        since=moment.now,
        reason=moment.reason,
        openings=breaker.openings + 1 if relapse else 1,
    )


def _close(breaker: Breaker, moment: Moment) -> Breaker:
    return Breaker(since=moment.now, reason=moment.reason, openings=breaker.openings)


def _probe(breaker: Breaker, moment: Moment) -> Breaker:
    return replace(
        breaker,
        state=BreakerState.HALF_OPEN,
        since=moment.now,
        reason=moment.reason,
        lease_ends=moment.now + moment.policy.probe_lease,
    )


def _take_back(breaker: Breaker, moment: Moment) -> Breaker:
    # Open again, and long enough so that the next probe may go at once.
    since = moment.now - moment.policy.open_for(breaker.openings, alone=False)
    return replace(
        breaker, state=BreakerState.OPEN, since=since, reason=moment.reason, lease_ends=None
    )


def _if_due(transition: Transition) -> Transition:
    """Late news, of mail that was under way when the breaker opened, must not move it.

    News after the probe's time counts as a probe's, whoever brought it. A probe is handed out only
    when due, whatever the asker believed when it asked: of two that ask at once one comes second.
    """

    def apply(breaker: Breaker, moment: Moment) -> Breaker:
        due = breaker.probe_at(moment.policy, alone=moment.alone)
        return transition(breaker, moment) if due is None or due <= moment.now else breaker

    return apply


CLOSED, OPEN, HALF_OPEN = BreakerState
TRANSITIONS: Mapping[tuple[BreakerState, News], Transition] = MappingProxyType(
    {
        (CLOSED, News.ANSWERED): _forget_failures,
        (CLOSED, News.FAILED): _count,
        (CLOSED, News.PROBED): _stay,
        (CLOSED, News.UNUSED): _stay,
        (OPEN, News.ANSWERED): _if_due(_close),
        (OPEN, News.FAILED): _if_due(_open),
        (OPEN, News.PROBED): _if_due(_probe),
        (OPEN, News.UNUSED): _stay,
        (HALF_OPEN, News.ANSWERED): _close,
        (HALF_OPEN, News.FAILED): _open,
        (HALF_OPEN, News.PROBED): _if_due(_probe),
        (HALF_OPEN, News.UNUSED): _take_back,
    }
)
