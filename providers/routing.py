"""Which providers may take mail now, in which order, and how much.

A worker asks for a permit before it claims anything: with no provider left no attempt is burnt.

    permit = routing.permit(now=now, wanted=len(tickets))
    … claim the first `permit.granted`; with none left, `routing.give_back(permit)`
    sent = 0
    for mail in claimed:                      # those that expired or cannot be rendered: skipped
        chain = routing.chain(permit, position=sent, now=now)   # (): release the rest
        … send to chain[0]; before another one of the chain: `routing.may_take_over(alias)`
        … `routing.note_success(alias)` or `routing.note_failure(alias, error, recipient_hash=…)`
        sent += 1
    routing.give_back(permit, unused=permit.granted - sent)

Breakers, pauses and limits are pure values (`breaker`, `standing`, `limits`, `chains`); the state
is shared by all workers through Redis, and per process while that is out of reach (`state`). None
of these functions raises for Redis' sake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from providers import breaker, chains, standing
from providers.breaker import BreakerState, Moment, News
from providers.errors import ProviderError
from providers.limits import Grant
from providers.local_state import Transition
from providers.rates import Rate, parse_rate
from providers.standing import NEVER_FAILED, Change, Pause, Standing, StandingPolicy
from providers.state import RECENT, WorkersState

__all__ = ["Change", "Pause", "Permit", "ProviderState"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave to hand over `granted` mails to `providers`, tried in this order.

    `available_at` says when more may be had: with no provider the earliest time that one may take
    mail, with fewer granted than wanted when to ask for the rest.
    """

    providers: tuple[str, ...]
    available_at: datetime | None
    granted: int
    probe: str | None = None
    """The provider that the first mail, and it alone, is to probe; it leads `providers`."""

    receipts: tuple["Receipt", ...] = field(default=(), compare=False)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Permits of one provider's rate: what was paid, and the proof of it."""

    alias: str
    grant: Grant


@dataclass(frozen=True, kw_only=True)
class ProviderState:
    """One provider as it stands now.

    `since` and `reason` are the breaker's last change; `probe_at` is when it may be probed, while
    it is not closed. `refused_in_a_row` counts recipients. `shared`: all workers see this.
    """

    alias: str
    type: str
    pause: Pause | None
    rate: str | None
    breaker: BreakerState
    since: datetime | None
    reason: str
    probe_at: datetime | None
    refused_in_a_row: int
    shared: bool

    @property
    def takes_mail(self) -> bool:
        """Whether mail may go to it now."""
        return self.breaker is BreakerState.CLOSED and self.pause is None

    @property
    def alarm(self) -> str | None:
        """Why a person should look at it, or None."""
        if self.pause is not None and self.pause.is_alarm:
            return self.pause.reason
        return None if self.breaker is BreakerState.CLOSED else self.reason


_state = WorkersState(lambda: settings.REDIS_URL)


def permit(*, now: datetime, wanted: int = 1) -> Permit:
    """Return leave for up to `wanted` mails.

    A rate limit delays mail and never sends it elsewhere: then fewer are granted, or none.
    """
    known = _recent_standings()
    # What this process learned itself is in it: of a breaker that another has just opened it may
    # learn by one mail of its own.
    plan = _plan(now=now, known=known if _is_all_well(known) else None)
    if not plan.chain:
        return Permit(providers=(), available_at=plan.available_at, granted=0)
    paid: list[Receipt] = []
    if plan.probe is not None:
        paid.append(_pay(plan.probe, 1, now=now))
        if not paid[0].grant.granted:
            _take_probe_back(plan.probe, now=now)
            return _waiting(paid[0], now=now)
    rest = wanted - len(paid)
    if plan.payer is not None and rest > 0:
        paid.append(_pay(plan.payer, rest, now=now))
    granted = sum(receipt.grant.granted for receipt in paid)
    if granted == 0:
        return _waiting(paid[-1], now=now)
    more_in = paid[-1].grant.wait if plan.payer is not None else chains.PROBE_TAKES
    return Permit(
        providers=plan.chain,
        available_at=now + more_in if granted < wanted and more_in is not None else None,
        granted=granted,
        probe=plan.probe,
        receipts=tuple(paid),
    )


def look_ahead() -> None:
    """Ask how the providers stand, if the next permit would soon have to wait for that."""
    _state.recent_standings(settings.EMAIL_PROVIDERS, within=RECENT / 2)


def chain(permit: Permit, *, position: int, now: datetime | None = None) -> tuple[str, ...]:
    """Return who may take the next mail of a permit, of which `position` have been sent so far.

    A breaker may have opened since the permit was given, or closed. With nobody left, the rest of
    the mails is to be given back: none of them has been tried.
    """
    if position == 0:
        return permit.providers
    known = _recent_standings()
    paid = permit.receipts[-1].alias if permit.receipts else None
    if paid == next(iter(known), None) and _is_all_well(known):
        return tuple(known)  # what the plan would say, as it nearly always does
    now = now or timezone.now()
    plan = _plan(now=now, known=known)
    if not plan.chain or plan.chain[0] == paid:
        return plan.chain
    if _pay(plan.chain[0], 1, now=now).grant.granted:
        return plan.chain
    if plan.probe is not None:
        _take_probe_back(plan.probe, now=now)
    return ()


def may_take_over(alias: str, *, now: datetime | None = None) -> bool:
    """Return whether a mail that an earlier provider did not take may go to this one now.

    It asks this provider's breaker and takes one permit of its rate.
    """
    now = now or timezone.now()
    standings = _standings()
    if not standings[alias].is_well(now=now):
        policy, alone = _policy().breaker, chains.is_alone(standings, now=now)
        ready = chains.ready_at(standings[alias], now=now, alone=alone, policy=policy)
        if ready is not None and ready > now:
            return False
        if not _reserve_probe(alias, now=now, alone=alone):
            return False
    return _pay(alias, 1, now=now).grant.granted == 1


def give_back(permit: Permit, *, unused: int | None = None, now: datetime | None = None) -> None:
    """Give back the last `unused` mails of a permit (None: all), and the probe with the first."""
    left = permit.granted if unused is None else min(unused, permit.granted)
    if permit.probe is not None and left == permit.granted > 0:
        _take_probe_back(permit.probe, now=now or timezone.now())
    for receipt in reversed(permit.receipts):
        count = min(left, receipt.grant.granted)
        if count and receipt.grant.receipt:
            _state.give_back(receipt.alias, count, receipt=receipt.grant.receipt)
        left -= count


def recipient_hash(address: str) -> str:
    """Return what stands for a recipient in `note_failure`; nobody gets the address from it."""
    return salted_hmac("providers.routing.recipient", address.strip().lower()).hexdigest()[:16]


def note_success(alias: str, *, now: datetime | None = None) -> None:
    """Take note that a provider accepted a mail."""
    known = _recent_standings().get(alias)
    if known is NEVER_FAILED or known == NEVER_FAILED:
        return
    moment = _moment(now or timezone.now(), standing.ACCEPTED)
    if known is not None and standing.after_acceptance(known, moment) == known:
        return  # all was well already, as it nearly always is
    _update(alias, lambda known: standing.after_acceptance(known, moment), now=moment.now)


def note_failure(
    alias: str,
    error: ProviderError,
    *,
    now: datetime | None = None,
    recipient_hash: str | None = None,
) -> None:
    """Take note that a provider did not accept a mail; `recipient_hash` as the function gives it.

    That may open its breaker, or pause it: because the error asks for it, or because the provider
    refuses everybody.
    """
    now, policy = now or timezone.now(), _policy()
    _update(
        alias,
        lambda known: standing.after_failure(
            known, error, recipient_hash=recipient_hash, now=now, policy=policy
        ),
        now=now,
    )


def pause(alias: str, *, until: datetime, reason: str, now: datetime | None = None) -> None:
    """Leave a provider alone until `until`."""
    asked = Pause(until=until, reason=reason)
    _update(alias, lambda known: standing.with_pause(known, asked), now=now or timezone.now())


def resume(alias: str, *, reason: str, now: datetime | None = None) -> None:
    """End a provider's pause and close its breaker, because a person says so."""
    now = now or timezone.now()
    _update(alias, lambda _: standing.resumed(now=now, reason=reason), now=now)


def states(*, now: datetime) -> tuple[ProviderState, ...]:
    """Return every provider in failover order."""
    known, shared, policy = _standings(), _state.is_shared(), _policy().breaker
    alone = chains.is_alone(known, now=now)
    return tuple(
        ProviderState(
            alias=alias,
            type=settings.MAILERS[alias]["TYPE"],
            pause=one.paused(now=now),
            rate=settings.MAILERS[alias]["RATE"],
            breaker=one.breaker.state,
            since=one.breaker.since,
            reason=one.breaker.reason,
            probe_at=one.breaker.probe_at(policy, alone=alone),
            refused_in_a_row=len(one.refused),
            shared=shared,
        )
        for alias, one in known.items()
    )


def history(alias: str) -> list[Change]:
    """Return a provider's last changes, each with its reason and time, the newest first."""
    return _state.history(alias)


def is_shared() -> bool:
    """Return whether all workers see the same state; if not, each has its own."""
    return _state.is_shared()


def reset() -> None:
    """Forget all that is known of the present providers, for all workers."""
    _state.reconnect()
    _state.forget(settings.EMAIL_PROVIDERS)


def _plan(*, now: datetime, known: Mapping[str, Standing] | None = None) -> chains.Plan:
    """Return who may take the next mail; the probe, if there is one, is reserved."""
    known, policy = known or _standings(), _policy().breaker
    while True:
        plan = chains.plan(known, now=now, policy=policy)
        if plan.probe is None:
            return plan
        if _reserve_probe(plan.probe, now=now, alone=chains.is_alone(known, now=now)):
            return plan
        # Another worker was faster: the mail goes round this provider.
        taken = Pause(until=now + chains.PROBE_TAKES, reason="probe")
        known = {**known, plan.probe: replace(known[plan.probe], pause=taken)}


def _is_all_well(known: Mapping[str, Standing]) -> bool:
    return all(one is NEVER_FAILED or one == NEVER_FAILED for one in known.values())


def _reserve_probe(alias: str, *, now: datetime, alone: bool) -> bool:
    moment = replace(_moment(now, "probe"), alone=alone)
    changed = _update(alias, lambda known: _with_news(known, News.PROBED, moment), now=now)
    return any(change.change == BreakerState.HALF_OPEN for change in changed)


def _take_probe_back(alias: str, *, now: datetime) -> None:
    moment = _moment(now, "probe_unused")
    _update(alias, lambda known: _with_news(known, News.UNUSED, moment), now=now)


def _with_news(known: Standing, news: News, moment: Moment) -> Standing:
    return replace(known, breaker=breaker.after(known.breaker, news, moment))


def _pay(alias: str, wanted: int, *, now: datetime) -> Receipt:
    rate = _rate(settings.MAILERS[alias]["RATE"])
    if rate is None:
        return Receipt(alias=alias, grant=Grant(granted=wanted))
    return Receipt(alias=alias, grant=_state.take(alias, wanted, rate=rate, now=now))


def _waiting(receipt: Receipt, *, now: datetime) -> Permit:
    wait = receipt.grant.wait
    return Permit(providers=(), available_at=None if wait is None else now + wait, granted=0)


@lru_cache
def _rate(text: str | None) -> Rate | None:
    return None if text is None else parse_rate(text)


def _standings() -> Mapping[str, Standing]:
    return _state.standings(settings.EMAIL_PROVIDERS)


def _recent_standings() -> Mapping[str, Standing]:
    return _state.recent_standings(settings.EMAIL_PROVIDERS)


def _update(alias: str, transition: Transition, *, now: datetime) -> list[Change]:
    changed = _state.update(alias, transition, now=now)
    for change in changed:
        _tell(alias, change)
    return changed


def _tell(alias: str, change: Change) -> None:
    if change.change == "paused":
        report = log.error if change.alarm else log.warning
        until = None if change.until is None else change.until.isoformat()
        report("provider.paused", provider=alias, code=change.reason, until=until)
    else:
        report = log.warning if change.change == BreakerState.OPEN else log.info
        report("provider.breaker_changed", provider=alias, to=change.change, code=change.reason)


def _moment(now: datetime, reason: str) -> Moment:
    return Moment(now=now, reason=reason, policy=_policy().breaker)


def _policy() -> StandingPolicy:
    policy: StandingPolicy = settings.PROVIDER_POLICY
    return policy
