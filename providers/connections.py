"""The open connections of this process: one per provider and thread, kept between mails.

Made lazily, so that a worker's children never share a socket that their parent opened; closed when
idle, because a connection that the provider dropped meanwhile would look like an unknown outcome;
and dropped after a failure (see `Transport.survives`), so that it never reaches the next mail.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from providers.catalogue import Family, provider_type
from providers.configuration import ProviderSettings
from providers.transports.base import Transport

LONGEST_IDLE = timedelta(seconds=20)

# By name, because boto alone takes a third of a second to import.
_TRANSPORTS = {
    Family.ANYMAIL_HTTP: "providers.transports.anymail_http.AnymailHttpTransport",
    Family.SES: "providers.transports.ses.SesTransport",
    Family.SMTP: "providers.transports.smtp.SmtpTransport",
    Family.LOCAL: "providers.transports.local.LocalTransport",
}


@dataclass
class _Kept:
    transport: Transport
    settings: ProviderSettings
    used_at: float


@dataclass
class _Store(threading.local):
    process: int = field(default_factory=os.getpid)
    kept: dict[str, _Kept] = field(default_factory=dict)


_store = _Store()


def take(alias: str) -> Transport:
    """Return this thread's connection to a provider: the kept one, or a new one, not yet open.

    Raises:
        ImproperlyConfigured: there is no such provider, or its backend refuses its settings.
    """
    _forget_other_process()
    configured = _settings_of(alias)
    kept = _store.kept.get(alias)
    if kept is not None:
        idle = time.monotonic() - kept.used_at
        unchanged = kept.settings is configured or kept.settings == configured
        if unchanged and idle < LONGEST_IDLE.total_seconds():
            return kept.transport
        drop(alias)
    transport = _open(alias, configured)
    _store.kept[alias] = _Kept(transport, configured, time.monotonic())
    return transport


def keep(alias: str) -> None:
    """Note that the connection was used just now and may be used again."""
    kept = _store.kept.get(alias)
    if kept is not None:
        kept.used_at = time.monotonic()


def drop(alias: str) -> None:
    """Close this thread's connection to a provider, if there is one."""
    kept = _store.kept.pop(alias, None)
    if kept is not None:
        kept.transport.close()


def reset() -> None:
    """Close all connections of this thread: at a worker's end, and between tests."""
    _forget_other_process()
    for alias in list(_store.kept):
        drop(alias)


def close_idle() -> None:
    """Close this thread's connections that were not used for `LONGEST_IDLE`."""
    now = time.monotonic()
    for alias, kept in list(_store.kept.items()):
        if now - kept.used_at >= LONGEST_IDLE.total_seconds():
            drop(alias)


def _forget_other_process() -> None:
    if _store.process != os.getpid():
        # The sockets are the parent's too. Only our descriptors go, without a word to the provider.
        for kept in _store.kept.values():
            kept.transport.close()
        _store.kept.clear()
        _store.process = os.getpid()


def _settings_of(alias: str) -> ProviderSettings:
    try:
        configured: ProviderSettings = settings.MAILERS[alias]
    except KeyError:
        raise ImproperlyConfigured(f"EMAIL_PROVIDERS names no provider {alias!r}.") from None
    return configured


def _open(alias: str, configured: ProviderSettings) -> Transport:
    kind: type[Transport] = import_string(_TRANSPORTS[provider_type(configured["TYPE"]).family])
    return kind(alias=alias, settings=configured, timeout=settings.EMAIL_SEND_TIMEOUT)
