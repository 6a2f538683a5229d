"""The state of one process, in memory: alone, or as the stand-in while Redis is out of reach."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from providers.limits import Grant, Log
from providers.rates import Rate
from providers.standing import NEVER_FAILED, Change, Standing, changes

HISTORY_LENGTH = 200

Transition = Callable[[Standing], Standing]
"""From one standing to the next; pure, because a lost race calls it again."""


class RoutingState(Protocol):
    """What is remembered between mails. Safe to use from several threads."""

    def standings(self, aliases: Iterable[str]) -> dict[str, Standing]:
        """Return how the providers stand."""
        ...

    def update(self, alias: str, transition: Transition, *, now: datetime) -> list[Change]:
        """Apply `transition` at once and undivided; return what changed by it."""
        ...

    def take(self, alias: str, wanted: int, *, rate: Rate, now: datetime) -> Grant:
        """Take up to `wanted` permits of a provider's rate."""
        ...

    def give_back(self, alias: str, count: int, *, receipt: str) -> None:
        """Give back permits of one grant that were not used."""
        ...

    def history(self, alias: str) -> list[Change]:
        """Return a provider's last changes, the newest first."""
        ...

    def forget(self, aliases: Iterable[str]) -> None:
        """Forget all about these providers."""
        ...


class LocalState:
    """The state of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standings: dict[str, Standing] = {}
        self._logs: defaultdict[str, Log] = defaultdict(Log)
        self._histories: defaultdict[str, deque[Change]] = defaultdict(
            lambda: deque(maxlen=HISTORY_LENGTH)
        )

    def standings(self, aliases: Iterable[str]) -> dict[str, Standing]:
        """Return how the providers stand, as far as this process knows."""
        return {alias: self._standings.get(alias, NEVER_FAILED) for alias in aliases}

    def update(self, alias: str, transition: Transition, *, now: datetime) -> list[Change]:
        """Apply `transition`."""
        with self._lock:
            before = self._standings.get(alias, NEVER_FAILED)
            after = transition(before)
            self._standings[alias] = after
            changed = list(changes(before, after, now=now))
            self._histories[alias].extendleft(changed)
        return changed

    def take(self, alias: str, wanted: int, *, rate: Rate, now: datetime) -> Grant:
        """Take permits of this process's own."""
        with self._lock:
            return self._logs[alias].take(wanted, rate=rate, now=now)

    def give_back(self, alias: str, count: int, *, receipt: str) -> None:
        """Give back permits of this process's own."""
        with self._lock:
            self._logs[alias].give_back(receipt, count)

    def history(self, alias: str) -> list[Change]:
        """Return what this process saw change."""
        return list(self._histories[alias])

    def forget(self, aliases: Iterable[str]) -> None:
        """Forget all about these providers."""
        with self._lock:
            for alias in aliases:
                self._standings.pop(alias, None)
                self._logs.pop(alias, None)
                self._histories.pop(alias, None)

    def mirror(self, standings: dict[str, Standing]) -> None:
        """Keep what all workers know, to go on from it should Redis go away."""
        with self._lock:
            self._standings.update(standings)
