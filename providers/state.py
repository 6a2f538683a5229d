"""All workers' state where Redis can be reached, this process's own where not.

A worker must never wait for Redis nor fail for it: after one failure Redis is left alone for a
few seconds. What this process knew of all workers' state is where it goes on from, and what it
learned alone is told to the others when Redis is back.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import TypeVar

import redis
import structlog

from providers.limits import Grant, share_of
from providers.local_state import LocalState, Transition
from providers.rates import Rate
from providers.shared_state import SharedState
from providers.standing import Change, Standing, stricter

log = structlog.get_logger(__name__)

RECENT = 0.25
"""Seconds for which what was read of all workers' state may be gone by."""
REST = 3.0
"""Seconds for which Redis is left alone after a failure."""

Answer = TypeVar("Answer")


class WorkersState:
    """Shared where possible, else local. No method raises, and each is over in about 0.3 s."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._local = LocalState()
        self._shared: SharedState | None = None
        self._made_for: tuple[int, str] | None = None
        self._takers: dict[str, int] = {}
        self._learned_alone: set[str] = set()
        self._rests_until = float("-inf")
        self._is_shared: bool | None = None
        self._seen: dict[str, tuple[float, Standing]] = {}

    def is_shared(self) -> bool:
        """Return whether this process and the other workers see the same state."""
        return self._ask(lambda state: state.answers(), lambda: False)

    def standings(self, aliases: Iterable[str]) -> dict[str, Standing]:
        """Return how the providers stand."""
        aliases = list(aliases)

        def shared(state: SharedState) -> dict[str, Standing]:
            found = state.standings(aliases)
            self._local.mirror(found)
            return found

        found = self._ask(shared, lambda: self._local.standings(aliases))
        now = time.monotonic()
        self._seen.update({alias: (now, standing) for alias, standing in found.items()})
        return found

    def recent_standings(
        self, aliases: Collection[str], *, within: float | None = None
    ) -> dict[str, Standing]:
        """Return how the providers stand, or stood `within` seconds (`RECENT`) ago at the earliest.

        For what is asked with every mail of a batch. What this process learned itself is in it.
        """
        earliest = time.monotonic() - (RECENT if within is None else within)
        known = {}
        for alias in aliases:
            seen = self._seen.get(alias)
            if seen is None or seen[0] < earliest:
                return self.standings(aliases)
            known[alias] = seen[1]
        return known

    def update(self, alias: str, transition: Transition, *, now: datetime) -> list[Change]:
        """Apply `transition`; return what changed by it."""

        def alone() -> list[Change]:
            self._learned_alone.add(alias)
            return self._local.update(alias, transition, now=now)

        try:
            return self._ask(lambda state: state.update(alias, transition, now=now), alone)
        finally:
            self._seen.pop(alias, None)

    def take(self, alias: str, wanted: int, *, rate: Rate, now: datetime) -> Grant:
        """Take up to `wanted` permits; alone, of this process's share of the rate."""

        def shared(state: SharedState) -> Grant:
            grant = state.take(alias, wanted, rate=rate, now=now)
            self._takers[alias] = state.takers[alias]
            return grant

        def alone() -> Grant:
            share = share_of(rate, self._takers.get(alias, 1))
            return self._local.take(alias, wanted, rate=share, now=now)

        return self._ask(shared, alone)

    def give_back(self, alias: str, count: int, *, receipt: str) -> None:
        """Give back permits that were not used; those of the other state are left to lapse."""
        if not receipt.isdigit():  # a moment of this process's own log; Redis counts
            self._local.give_back(alias, count, receipt=receipt)
        else:
            self._ask(lambda state: state.give_back(alias, count, receipt=receipt), lambda: None)

    def history(self, alias: str) -> list[Change]:
        """Return a provider's last changes, the newest first."""
        return self._ask(lambda state: state.history(alias), lambda: self._local.history(alias))

    def forget(self, aliases: Iterable[str]) -> None:
        """Forget all about these providers, here and in Redis."""
        aliases = list(aliases)
        self._local.forget(aliases)
        self._seen.clear()
        self._learned_alone.difference_update(aliases)
        self._ask(lambda state: state.forget(aliases), lambda: None)

    def reconnect(self) -> None:
        """Ask Redis again at the next occasion, however lately it failed."""
        self._rests_until = float("-inf")
        self._seen.clear()

    def _ask(self, shared: Callable[[SharedState], Answer], alone: Callable[[], Answer]) -> Answer:
        if time.monotonic() < self._rests_until:
            return alone()
        try:
            state = self._connected()
            self._tell_what_was_learned(state)
            answer = shared(state)
        except (redis.RedisError, OSError) as error:
            self._rest(error)
            return alone()
        if self._is_shared is False:
            log.info("provider_state.shared")
        self._is_shared = True
        return answer

    def _connected(self) -> SharedState:
        # A child must not use its parent's connections; and the address is a setting.
        wanted = (os.getpid(), self._url())
        if self._shared is None or self._made_for != wanted:
            try:
                self._shared = SharedState(wanted[1])
            except ValueError as error:
                raise redis.RedisError("REDIS_URL is no address that redis-py reads.") from error
            self._made_for = wanted
        return self._shared

    def _tell_what_was_learned(self, state: SharedState) -> None:
        if not self._learned_alone:
            return
        now = datetime.now().astimezone()
        for alias, own in self._local.standings(tuple(self._learned_alone)).items():
            state.update(alias, partial(stricter, other=own), now=now)
            self._learned_alone.discard(alias)

    def _rest(self, error: Exception) -> None:
        self._rests_until = time.monotonic() + REST
        if self._is_shared is not False:
            log.warning("provider_state.local", error=type(error).__name__)
        self._is_shared = False
