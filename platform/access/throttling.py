"""How many requests one API key may make in a period, over all web processes.

Counted in Redis, in fixed windows: two periods' worth can come in one burst around a window's end,
and in exchange a request costs one round trip, and a client is told exactly when it may go on.
Without Redis each process counts by itself, and leaves Redis alone for `RESPITE`: a throttle must
never be what holds up an order.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger(__name__)

POLICY = "api-key"
PATIENCE = timedelta(milliseconds=200)
"""How long Redis may take to connect or to answer."""
RESPITE = timedelta(seconds=5)
"""How long Redis is left alone after a failure."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Where a key stands: `remaining` of `limit` requests for the next `resets_in` seconds."""

    limit: int
    period: int
    used: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        """Say whether this request was one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return the fields of the IETF's draft (draft-ietf-httpapi-ratelimit-headers)."""
        remaining = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.limit};w={self.period}',
            "RateLimit": f'"{POLICY}";r={remaining};t={self.resets_in}',
        }


class Counts:
    """Counts uses of names, in Redis, or by itself while Redis is out of reach."""

    def __init__(self, url: str) -> None:
        # Any: redis-py's annotations allow an awaitable everywhere. It connects when first used.
        self._redis: Any = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE.total_seconds(),
            socket_connect_timeout=PATIENCE.total_seconds(),
            retry=Retry(NoBackoff(), 0),
        )
        self._resume_at = 0.0
        self._lock = threading.Lock()
        self._own: Counter[tuple[str, int]] = Counter()

    def add(self, name: str, *, window: int, lasts: int) -> int:
        """Count one use in a window that lasts so many seconds; return how many there were."""
        if time.monotonic() >= self._resume_at:
            try:
                return self._add_shared(f"postroom:throttle:{name}:{window}", lasts)
            except (redis.RedisError, OSError) as error:
                self._resume_at = time.monotonic() + RESPITE.total_seconds()
                log.warning("throttle_counts_alone", error_class=type(error).__name__)
        with self._lock:
            for old in [each for each in self._own if each[1] < window]:
                del self._own[old]
            self._own[name, window] += 1
            return self._own[name, window]

    def _add_shared(self, key: str, lasts: int) -> int:
        used = int(self._redis.incr(key))
        if used <= 2:  # the second makes up for a first whose own was lost
            self._redis.expire(key, lasts + 1)
        return used


@cache
def _counts(url: str) -> Counts:
    return Counts(url)


def shared_counts() -> Counts:
    """Return the counts that all web processes share."""
    return _counts(settings.REDIS_URL)


def use(key: ApiKey) -> Quota:
    """Count one request of `key`; return where it stands now."""
    period = max(1, round(settings.API_RATE.period.total_seconds()))
    now = time.time()
    window = int(now // period)
    used = shared_counts().add(str(key.pk), window=window, lasts=period)
    return Quota(
        limit=settings.API_RATE.amount,
        period=period,
        used=used,
        resets_in=max(1, math.ceil((window + 1) * period - now)),
    )


class ApiKeyThrottle(BaseThrottle):
    """429 with Retry-After for a key that has used up its period's requests."""

    def __init__(self) -> None:
        self._quota: Quota | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and note where the key stands for the answer's headers."""
        if not isinstance(request.auth, ApiKey):
            return True
        self._quota = use(request.auth)
        request._request.rate_limit = self._quota  # type: ignore[attr-defined]  # noqa: SLF001  for the middleware, which sees Django's request
        return not self._quota.is_exceeded

    def wait(self) -> float | None:
        """Return the seconds until the next request is let through."""
        return None if self._quota is None else self._quota.resets_in


class RateLimitMiddleware:
    """Tells in every answer's headers what the API key has left."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers, where a key was counted."""
        response = self.get_response(request)
        quota = getattr(request, "rate_limit", None)
        if isinstance(quota, Quota):
            for name, value in quota.headers().items():
                response.headers[name] = value
        return response
