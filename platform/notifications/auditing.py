"""Checks the promise from outside: is there an event without its mail, or a mail that nobody moves?

Whoever causes mail registers how to find causes without it (`register_source`); this module knows
none of them. Both searches are windowed and use an index, so that their cost does not grow with
history.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.utils import timezone

from notifications.models import AuditRun, Notification
from notifications.states import OPEN

log = structlog.get_logger()

WINDOW = timedelta(hours=48)
"""How far back causes are looked at."""
SETTLING = timedelta(minutes=1)
"""The youngest causes are left out: their transaction may not have been seen yet."""
OVERDUE_AFTER = timedelta(minutes=10)
"""The relay comes every few seconds; a row that has been due for so long is stuck."""
NAMED = 100
"""Findings that are named; all are counted."""
KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that the promise does not allow.

    Attributes:
        kind: `missing` (a cause without its mail) or `overdue` (a mail that nobody moves).
        event: the event's name.
        reference: what a person calls the cause (`SO-1001`).
        since: when it was caused, or due.
    """

    kind: str
    event: str
    reference: str
    since: datetime


Source = Callable[[datetime, datetime], Iterable[Finding]]
"""Given a window [since, until), gives a finding for each cause in it that has no mail."""

_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Let the audit ask `source` too; registering it twice changes nothing."""
    if source not in _sources:
        _sources.append(source)


def audit(*, window: timedelta = WINDOW) -> AuditRun:
    """Look for broken promises, keep what was found, and return it."""
    now = timezone.now()
    since, until = now - window, now - SETTLING
    missing = [finding for source in _sources for finding in source(since, until)]
    overdue_count, overdue = _overdue(now)
    run = AuditRun.objects.create(
        at=now,
        since=since,
        until=until,
        missing_count=len(missing),
        overdue_count=overdue_count,
        findings=[_as_json(finding) for finding in islice((*missing, *overdue), NAMED)],
    )
    AuditRun.objects.filter(at__lt=now - KEPT).delete()
    if not run.is_clean:
        log.error("audit_found", missing=run.missing_count, overdue=run.overdue_count)
    return run


def _overdue(now: datetime) -> tuple[int, list[Finding]]:
    stuck = Notification.objects.now_in(OPEN).filter(relay_at__lt=now - OVERDUE_AFTER)
    named = stuck.order_by("relay_at")[:NAMED].values_list("event", "reference", "relay_at")
    return stuck.count(), [
        Finding(kind="overdue", event=event, reference=reference, since=relay_at or now)
        for event, reference, relay_at in named
    ]


def _as_json(finding: Finding) -> dict[str, str]:
    return asdict(finding) | {"since": finding.since.isoformat()}
