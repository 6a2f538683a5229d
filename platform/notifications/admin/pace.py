"""At what rate mail leaves, in words, for a person who is about to let much of it go."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from access.keyset import Count, count
from notifications.admin.backoff import words
from notifications.relay import due
from providers import routing
from providers.rates import parse_rate


@dataclass(frozen=True, kw_only=True)
class ProviderPace:
    """One provider of the chain: what it may be given, and whether it takes mail now."""

    alias: str
    rate: str
    takes_mail: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast mail will leave.

    Attributes:
        providers: in the order of the chain.
        waiting: what is due already and leaves before.
        estimate: a sentence.
    """

    providers: list[ProviderPace]
    waiting: Count
    estimate: str


def pace_of(number: int, *, now: datetime) -> Pace:
    """Return how fast `number` notifications will leave, as the providers stand now."""
    states = routing.states(now=now)
    waiting = count(due(now))
    shown = [
        ProviderPace(
            alias=state.alias,
            rate=state.rate or _("no limit"),
            takes_mail=state.takes_mail,
            reason="" if state.takes_mail else state.alarm or str(state.breaker),
        )
        for state in states
    ]
    first = next((state for state in states if state.takes_mail), None)
    return Pace(
        providers=shown, waiting=waiting, estimate=_estimate(first, number=number + int(waiting))
    )


def _estimate(first: routing.ProviderState | None, *, number: int) -> str:
    if first is None:
        return _("No provider takes mail now: they wait until one does.")
    if first.rate is None:
        return _("%(provider)s has no rate limit: they leave as fast as the workers send.") % {
            "provider": first.alias
        }
    rate = parse_rate(first.rate)
    took = rate.period * math.ceil(number / rate.amount)
    return _("%(provider)s takes %(rate)s: all have left after about %(time)s.") % {
        "provider": first.alias,
        "rate": first.rate,
        "time": words(took),
    }
