"""The state of all workers, in Redis or Valkey.

A standing is one JSON value. A change is read, decided by the pure policy and written by a
compare-and-set, so that no rule is written a second time in Lua, and of two workers that reach
for the one probe only one wins. Only what must be counted where all can see it is a script: the
compare-and-set itself (WATCH and MULTI would take four round trips) and the log of permits.

`pybreaker`, the well-kept library, keeps state, counter and opening time in Redis as three keys,
each read and written by itself: every worker that sees the time over sends a probe.
"""

import os
import socket
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from providers.limits import Grant
from providers.local_state import HISTORY_LENGTH, Transition
from providers.rates import Rate
from providers.standing import Change, Standing, changes
from providers.standing_codec import decode_change, decode_standing, encode

PATIENCE = 0.3
"""Seconds that Redis gets to connect or to answer. A worker asks it before and after each mail."""

TAKER_LIVES = timedelta(seconds=60)
"""A process that has not asked for a permit for so long shares the rate no more."""

# KEYS: standing, history. ARGV: the text it must have, the new one, the history's length, changes…
# Returns what stands there now if it is not the expected text, else nil.
COMPARE_AND_SET = """
local current = redis.call('GET', KEYS[1]) or ''
if current ~= ARGV[1] then return current end
redis.call('SET', KEYS[1], ARGV[2])
for i = 4, #ARGV do redis.call('LPUSH', KEYS[2], ARGV[i]) end
if #ARGV > 3 then redis.call('LTRIM', KEYS[2], 0, ARGV[3] - 1) end
return false
"""

# `providers.limits.Log.take`, on the server's clock, which is the only one all workers share; the
# tests hold both to the same answers. Times are microseconds.
# KEYS: log, takers. ARGV: wanted, amount, period, this process, how long a taker lives.
# Returns: granted, wait, receipt, takers.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stamp = string.format('%.0f', now)
local wanted, amount, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and tonumber(newest) > now then
  for i = 0, redis.call('LLEN', KEYS[1]) - 1 do redis.call('LSET', KEYS[1], i, stamp) end
end
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and now - tonumber(oldest) > period do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local used = redis.call('LLEN', KEYS[1])
local granted = math.max(0, math.min(wanted, amount - used))
for _ = 1, granted do redis.call('RPUSH', KEYS[1], stamp) end
local wait = 0
if granted < wanted then
  local leaves_last = redis.call('LINDEX', KEYS[1], math.max(0, used + granted - amount))
  wait = tonumber(leaves_last) + period - now + 1
end
redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000) + 1000)
redis.call('ZADD', KEYS[2], stamp, ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now - ARGV[5]))
redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[5] / 1000))
return {granted, wait, stamp, redis.call('ZCARD', KEYS[2])}
"""

MICROSECOND = timedelta(microseconds=1)


class SharedState:
    """The state of all workers. Every method may raise `redis.RedisError` or `OSError`."""

    def __init__(self, url: str) -> None:
        # Any: redis-py's annotations allow an awaitable everywhere. It connects when first used.
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._compare_and_set = self._redis.register_script(COMPARE_AND_SET)
        self._take = self._redis.register_script(TAKE)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self.takers: dict[str, int] = {}
        """How many processes took permits of a provider's rate lately."""

    def standings(self, aliases: Iterable[str]) -> dict[str, Standing]:
        """Return how the providers stand."""
        aliases = list(aliases)
        texts = self._redis.mget([_key(alias, "standing") for alias in aliases])
        return {alias: decode_standing(text) for alias, text in zip(aliases, texts, strict=True)}

    def update(self, alias: str, transition: Transition, *, now: datetime) -> list[Change]:
        """Apply `transition` at once and undivided; return what changed by it."""
        keys = [_key(alias, "standing"), _key(alias, "history")]
        gives_up = time.monotonic() + PATIENCE
        text = self._redis.get(keys[0]) or ""
        while time.monotonic() < gives_up:  # a lost race is another worker's won one
            before = decode_standing(text)
            after = transition(before)
            if after == before:
                return []
            changed = list(changes(before, after, now=now))
            told = [encode(change) for change in changed]
            text = self._compare_and_set(
                keys=keys, args=[text, encode(after), HISTORY_LENGTH, *told]
            )
            if text is None:
                return changed
        raise redis.TimeoutError(f"Others kept changing the standing of {alias}.")

    def take(self, alias: str, wanted: int, *, rate: Rate, now: datetime) -> Grant:
        """Take up to `wanted` permits. `now` is not used: the server's clock is everybody's."""
        granted, wait, receipt, takers = self._take(
            keys=[_key(alias, "permits"), _key(alias, "takers")],
            args=[
                wanted,
                rate.amount,
                rate.period // MICROSECOND,
                self._name,
                TAKER_LIVES // MICROSECOND,
            ],
        )
        self.takers[alias] = takers
        more_in = wait * MICROSECOND if granted < wanted else None
        return Grant(granted=granted, wait=more_in, receipt=receipt)

    def give_back(self, alias: str, count: int, *, receipt: str) -> None:
        """Give back permits of one grant that were not used."""
        self._redis.lrem(_key(alias, "permits"), -count, receipt)

    def history(self, alias: str) -> list[Change]:
        """Return a provider's last changes, the newest first."""
        entries = map(decode_change, self._redis.lrange(_key(alias, "history"), 0, -1))
        return [entry for entry in entries if entry is not None]

    def forget(self, aliases: Iterable[str]) -> None:
        """Forget all about these providers."""
        parts = ("standing", "history", "permits", "takers")
        keys = [_key(alias, part) for alias in aliases for part in parts]
        if keys:
            self._redis.delete(*keys)

    def answers(self) -> bool:
        """Ask for an answer, and return whether it is one."""
        return bool(self._redis.ping())

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _key(alias: str, part: str) -> str:
    return f"postroom:provider:{{{alias}}}:{part}"
