"""Which providers may take mail now, in which order.

The chain is `settings.EMAIL_PROVIDERS` without those that are paused: because they asked for it
(Retry-After), because they refuse our account or settings, or because somebody paused them. A
worker asks for a permit before it claims anything: with no provider left no attempt is burnt.

The state is this process's own.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from django.conf import settings
from django.utils import timezone

from providers.errors import ConfigurationError, ProviderError
from providers.pauses import pause_after

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Leave to hand over `granted` mails to `providers`, tried in this order.

    With no provider `granted` is 0, and `available_at` is the earliest time that one may take mail.
    """

    providers: tuple[str, ...]
    available_at: datetime | None
    granted: int


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A provider is left alone until `until`; `reason` is an error's code or a person's words."""

    until: datetime
    reason: str
    until_success: bool = False
    """Whether a success ends it early: it proves that our settings are accepted again."""


@dataclass(frozen=True, kw_only=True)
class ProviderState:
    """One provider as it stands now."""

    alias: str
    type: str
    pause: Pause | None


class RoutingState(Protocol):
    """What is remembered between mails. Safe to use from several threads."""

    def pause_of(self, alias: str) -> Pause | None:
        """Return the provider's last pause, which may be over."""
        ...

    def set_pause(self, alias: str, pause: Pause) -> None:
        """Remember a pause, unless one that ends later is known."""
        ...

    def count_configuration_failure(self, alias: str) -> int:
        """Count one more in a row and return how many they are."""
        ...

    def note_success(self, alias: str) -> None:
        """Forget failures in a row and a pause that a success ends."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...


class ProcessState:
    """The state of one process, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pauses: dict[str, Pause] = {}
        self._configuration_failures: dict[str, int] = {}

    def pause_of(self, alias: str) -> Pause | None:
        """Return the provider's last pause, which may be over."""
        return self._pauses.get(alias)

    def set_pause(self, alias: str, pause: Pause) -> None:
        """Remember a pause, unless one that ends later is known."""
        with self._lock:
            known = self._pauses.get(alias)
            if known is None or known.until < pause.until:
                self._pauses[alias] = pause

    def count_configuration_failure(self, alias: str) -> int:
        """Count one more in a row and return how many they are."""
        with self._lock:
            count = self._configuration_failures.get(alias, 0) + 1
            self._configuration_failures[alias] = count
            return count

    def note_success(self, alias: str) -> None:
        """Forget failures in a row and a pause that a success ends."""
        with self._lock:
            self._configuration_failures.pop(alias, None)
            pause = self._pauses.get(alias)
            if pause is not None and pause.until_success:
                del self._pauses[alias]

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._pauses.clear()
            self._configuration_failures.clear()


_state: RoutingState = ProcessState()


def permit(*, now: datetime, wanted: int = 1) -> Permit:
    """Return leave for up to `wanted` mails."""
    open_, waits = [], []
    for alias in settings.EMAIL_PROVIDERS:
        pause = _state.pause_of(alias)
        if pause is not None and pause.until > now:
            waits.append(pause.until)
        else:
            open_.append(alias)
    if open_:
        return Permit(providers=tuple(open_), available_at=None, granted=wanted)
    return Permit(providers=(), available_at=min(waits, default=None), granted=0)


def note_success(alias: str) -> None:
    """Take note that a provider accepted a mail."""
    _state.note_success(alias)


def note_failure(alias: str, error: ProviderError, *, now: datetime | None = None) -> None:
    """Take note that a provider did not accept a mail, and pause it where the error asks for it."""
    misconfigured = isinstance(error, ConfigurationError)
    count = _state.count_configuration_failure(alias) if misconfigured else 0
    wait = pause_after(error, configuration_failures=count)
    if wait is None:
        return
    until = (now or timezone.now()) + wait
    _state.set_pause(alias, Pause(until=until, reason=error.code, until_success=misconfigured))
    report = log.error if misconfigured else log.warning
    report("provider.paused", provider=alias, code=error.code, until=until.isoformat())


def pause(alias: str, *, until: datetime, reason: str) -> None:
    """Leave a provider alone until `until`."""
    _state.set_pause(alias, Pause(until=until, reason=reason))
    log.warning("provider.paused", provider=alias, code=reason, until=until.isoformat())


def states(*, now: datetime) -> tuple[ProviderState, ...]:
    """Return every provider in failover order, with its pause if it is paused now."""
    found = []
    for alias in settings.EMAIL_PROVIDERS:
        pause = _state.pause_of(alias)
        active = pause if pause is not None and pause.until > now else None
        kind = settings.MAILERS[alias]["TYPE"]
        found.append(ProviderState(alias=alias, type=kind, pause=active))
    return tuple(found)


def reset() -> None:
    """Forget all pauses and failures of this process."""
    _state.reset()
