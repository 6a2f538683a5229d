"""Which providers may take mail, in which order, as they stand now. Pure policy.

A provider that is well may take any mail. One whose breaker is due for a probe may take one mail,
and leads the chain of that mail if no provider before it is well. Any other may take none; if
that leaves nobody, the plan says when to ask again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.breaker import BreakerPolicy, BreakerState
from providers.standing import Standing

PROBE_TAKES = timedelta(seconds=1)
"""When to ask again while a probe is under way: it is mostly over long before its lease."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The chain for the next mail.

    `probe` leads it, and must be reserved before it is used. `payer` is the first that is well,
    and takes every mail but the probe. With no chain, `available_at` says when to ask again.
    """

    chain: tuple[str, ...]
    probe: str | None
    payer: str | None
    available_at: datetime | None


def is_alone(standings: Mapping[str, Standing], *, now: datetime) -> bool:
    """Return whether no provider is well, so that all mail waits for the first that is again."""
    return not any(standing.is_well(now=now) for standing in standings.values())


def ready_at(
    standing: Standing, *, now: datetime, alone: bool, policy: BreakerPolicy
) -> datetime | None:
    """Return when a provider that is not well may take mail, or None for one that is."""
    times = [standing.breaker.probe_at(policy, alone=alone)]
    if (pause := standing.paused(now=now)) is not None:
        times.append(pause.until)
    return max((time for time in times if time is not None), default=None)


def plan(standings: Mapping[str, Standing], *, now: datetime, policy: BreakerPolicy) -> Plan:
    """Return who may take the next mail; `standings` are in failover order."""
    alone = is_alone(standings, now=now)
    chain: list[str] = []
    waits: list[datetime] = []
    probe = payer = None
    for alias, standing in standings.items():
        ready = ready_at(standing, now=now, alone=alone, policy=policy)
        if ready is None:
            payer = payer or alias
        elif ready > now:
            under_way = standing.breaker.state is BreakerState.HALF_OPEN
            waits.append(min(ready, now + PROBE_TAKES) if under_way else ready)
            continue
        elif not chain:
            probe = alias
        chain.append(alias)
    return Plan(
        chain=tuple(chain),
        probe=probe,
        payer=payer,
        available_at=None if chain else min(waits, default=None),
    )
