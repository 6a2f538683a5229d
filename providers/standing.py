"""How a provider stands: its breaker, its pause and its refusals, as one value. Pure policy.

One value, because all of it changes with the same news: it is stored whole, and replaced by
compare-and-set, so that each rule is written once, here, for one process and for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from providers import breaker as breakers
from providers.breaker import Breaker, BreakerPolicy, BreakerState, Moment, News
from providers.errors import ConfigurationError, PermanentError, ProviderError
from providers.pauses import pause_after

MASS_REJECTION = "mass_rejection"
ACCEPTED = "accepted"


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A provider is left alone until `until`; `reason` is an error's code or a person's words."""

    until: datetime
    reason: str
    until_success: bool = False
    """Whether a success ends it early: it proves that our settings are accepted again."""

    @property
    def is_alarm(self) -> bool:
        """Whether only a person can mend what it was made for."""
        return self.until_success or self.reason == MASS_REJECTION


@dataclass(frozen=True, kw_only=True)
class StandingPolicy:
    """The thresholds; `rejections` distinct recipients refused in a row pause a provider."""

    breaker: BreakerPolicy
    rejections: int
    rejection_pause: timedelta


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of a provider's history: what it became, when and why."""

    at: datetime
    change: str
    reason: str
    until: datetime | None = None
    alarm: bool = False
    """Whether a person should look at it now."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One provider as it stands.

    `refused` holds hashes of the recipients refused since the last acceptance, no address.
    """

    breaker: Breaker = field(default_factory=Breaker)
    pause: Pause | None = None
    configuration_failures: int = 0
    refused: tuple[str, ...] = ()

    def paused(self, *, now: datetime) -> Pause | None:
        """Return the pause that holds now."""
        return self.pause if self.pause is not None and self.pause.until > now else None

    def is_well(self, *, now: datetime) -> bool:
        """Return whether any mail may go to it."""
        return self.breaker.state is BreakerState.CLOSED and self.paused(now=now) is None


NEVER_FAILED = Standing()
"""Where nothing is known of a provider."""


def after_acceptance(standing: Standing, moment: Moment) -> Standing:
    """Return the standing after a mail was accepted."""
    pause = standing.pause
    return replace(
        standing,
        breaker=breakers.after(standing.breaker, News.ANSWERED, moment),
        pause=None if pause is not None and pause.until_success else pause,
        configuration_failures=0,
        refused=(),
    )


def after_failure(
    standing: Standing,
    error: ProviderError,
    *,
    recipient_hash: str | None,
    now: datetime,
    policy: StandingPolicy,
) -> Standing:
    """Return the standing after `error`."""
    moment = Moment(now=now, reason=error.code, policy=policy.breaker)
    news = breakers.news_of(error)
    if news is not None:
        standing = replace(standing, breaker=breakers.after(standing.breaker, news, moment))
    if isinstance(error, PermanentError):
        return _after_refusal(standing, recipient_hash, now=now, policy=policy)
    return _after_wait(standing, error, now=now)


def _after_wait(standing: Standing, error: ProviderError, *, now: datetime) -> Standing:
    misconfigured = isinstance(error, ConfigurationError)
    count = standing.configuration_failures
    pause = standing.paused(now=now)
    if misconfigured and not (pause is not None and pause.until_success):
        # Mails that were under way together fail together: that is one failure, not several.
        count += 1
    standing = replace(standing, configuration_failures=count if misconfigured else 0)
    wait = pause_after(error, configuration_failures=count)
    if wait is None:
        return standing
    until = now + wait
    return with_pause(standing, Pause(until=until, reason=error.code, until_success=misconfigured))


def _after_refusal(
    standing: Standing, recipient_hash: str | None, *, now: datetime, policy: StandingPolicy
) -> Standing:
    """Pause a provider that refuses everybody: then it is not for the recipients' sake.

    The list is kept over the pause, so that after it one more refusal is enough, not ten.
    """
    if recipient_hash is None or policy.rejections == 0:
        return standing
    if recipient_hash in standing.refused:
        return standing
    refused = (*standing.refused, recipient_hash)[-policy.rejections :]
    standing = replace(standing, refused=refused)
    if len(standing.refused) < policy.rejections or standing.paused(now=now):
        return standing
    return with_pause(standing, Pause(until=now + policy.rejection_pause, reason=MASS_REJECTION))


def with_pause(standing: Standing, pause: Pause) -> Standing:
    """Return the standing with `pause`, unless one that ends later is known."""
    if standing.pause is not None and standing.pause.until >= pause.until:
        return standing
    return replace(standing, pause=pause)


def resumed(*, now: datetime, reason: str) -> Standing:
    """Return the standing of a provider that a person has declared well."""
    return Standing(breaker=Breaker(since=now, reason=reason))


def stricter(standing: Standing, other: Standing) -> Standing:
    """Return `standing` with what `other` learned: the later pause, and an open breaker."""
    if other.pause is not None:
        standing = with_pause(standing, other.pause)
    if standing.breaker.state is BreakerState.CLOSED is not other.breaker.state:
        standing = replace(standing, breaker=other.breaker)
    return standing


def changes(before: Standing, after: Standing, *, now: datetime) -> Iterator[Change]:
    """Yield what a history and a log should tell of the way from `before` to `after`."""
    old, new = before.breaker, after.breaker
    if old.state is not new.state or (new.state is BreakerState.HALF_OPEN and old != new):
        yield Change(at=now, change=new.state, reason=new.reason)
    pause, was = after.pause, before.paused(now=now)
    if pause is None and was is not None:
        yield Change(at=now, change="resumed", reason=new.reason if new.since == now else ACCEPTED)
    if pause is not None and pause != before.pause and (was is None or was.reason != pause.reason):
        yield Change(
            at=now, change="paused", reason=pause.reason, until=pause.until, alarm=pause.is_alarm
        )
