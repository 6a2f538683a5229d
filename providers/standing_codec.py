"""Standings and changes as JSON, as Redis keeps them."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from providers.breaker import Breaker, BreakerState
from providers.standing import NEVER_FAILED, Change, Pause, Standing


def encode(value: Standing | Change) -> str:
    """Return the value as JSON; equal values give equal text, which compare-and-set needs."""
    return json.dumps(asdict(value), default=datetime.isoformat, sort_keys=True)


def decode_standing(text: str | None) -> Standing:
    """Return a stored standing; a fresh one where there is none, or another release's."""
    if not text:
        return NEVER_FAILED
    try:
        stored = json.loads(text)
        breaker = stored["breaker"]
        pause = stored["pause"]
        return Standing(
            breaker=Breaker(
                **breaker
                | {
                    "state": BreakerState(breaker["state"]),
                    "since": _moment(breaker["since"]),
                    "lease_ends": _moment(breaker["lease_ends"]),
                }
            ),
            pause=Pause(**pause | {"until": _moment(pause["until"])}) if pause else None,
            configuration_failures=stored["configuration_failures"],
            refused=tuple(stored["refused"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return NEVER_FAILED


def decode_change(text: str) -> Change | None:
    """Return a stored entry of a history, or None for what another release wrote differently."""
    try:
        stored: dict[str, Any] = json.loads(text)
        at, until = datetime.fromisoformat(stored["at"]), _moment(stored["until"])
        return Change(**stored | {"at": at, "until": until})
    except (KeyError, TypeError, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
