"""The operators' daily report: collected from the figures, sent as a mail like any other.

One mail per address and day: its idempotency key holds both, so that beats, retries and restarts
may ask as often as they like. Two steps, a task each (a chain): collecting reads, enqueueing
writes; if the second is lost with the broker, the next look begins again.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from notifications import figures
from notifications.figures import Latency
from notifications.models import AuditRun, Notification, Role
from notifications.outbox import NewNotification, enqueue
from notifications.report_contract import (
    EVENT,
    Audit,
    Failure,
    ProviderHealth,
    Published,
    ReportContext,
    Slow,
    Volumes,
    Waiting,
)
from notifications.rollups import ACCEPTED
from notifications.states import CLAIMABLE, Status
from providers import routing
from templating.contracts import shop_context
from templating.models import TemplateVersion

SOURCE_TYPE = "postroom.daily_report"
FAILED_BECAUSE = f"{Status.FAILED}."
SLOWEST = 5
MOST_NAMED = 20
DAY = timedelta(days=1)


def due(*, now: datetime) -> date | None:
    """Return the day whose report is due and not enqueued for everybody, or None."""
    if not settings.REPORT_TO:
        return None
    local = now.astimezone(_zone())
    if local.time() < settings.REPORT_AT:
        return None
    day = local.date() - DAY
    keys = [_key(day, address) for address in settings.REPORT_TO]
    enqueued = Notification.objects.filter(idempotency_key__in=keys).count()
    return day if enqueued < len(set(keys)) else None


def collect(day: date, *, now: datetime) -> dict[str, Any]:
    """Return the report's context, JSON-ready; reads figures only."""
    since, until = _bounds(day)
    counted = figures.endings(since, until)
    before = figures.endings(*_bounds(day - DAY))
    return ReportContext(
        shop=shop_context(),
        day=day,
        zone=str(_zone()),
        volumes=Volumes(
            accepted=counted.get(ACCEPTED, 0),
            sent=counted.get(Status.SENT, 0),
            sent_before=before.get(Status.SENT, 0),
            retries=counted.get(Status.RETRYING, 0),
            failed=counted.get(Status.FAILED, 0),
            unknown=counted.get(Status.UNKNOWN, 0),
            suppressed=counted.get(Status.SUPPRESSED, 0),
        ),
        failures=_failures(counted),
        slowest=_slowest(since, until),
        waiting=_waiting(now),
        providers=_providers(since, until, now=now),
        published=_published(since, until),
        audit=_audit(since, until),
    ).model_dump(mode="json")


def send(day: date, context: Mapping[str, Any]) -> int:
    """Enqueue the report for every address that has none of this day; return to how many."""
    new = [
        NewNotification(
            event=EVENT,
            recipient=address,
            locale=settings.REPORT_LOCALE,
            context=context,
            idempotency_key=_key(day, address),
            source_type=SOURCE_TYPE,
            source_id=day.isoformat(),
            reference=f"{day:%Y-%m-%d}",
            role=Role.SHOP,
        )
        for address in dict.fromkeys(settings.REPORT_TO)
    ]
    with transaction.atomic():
        return len(enqueue(new))


def _key(day: date, address: str) -> str:
    # A digest: keys outlive stored addresses.
    return f"daily-report:{day.isoformat()}:{sha256(address.encode()).hexdigest()[:16]}"


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.REPORT_TIME_ZONE)


def _bounds(day: date) -> tuple[datetime, datetime]:
    """Return the day's begin and end; on two days a year that is not 24 hours."""
    begin = datetime.combine(day, time.min, tzinfo=_zone())
    end = datetime.combine(day + DAY, time.min, tzinfo=_zone())
    return begin.astimezone(UTC), end.astimezone(UTC)


def _failures(counted: Mapping[str, int]) -> list[Failure]:
    found = [
        Failure(reason=outcome.removeprefix(FAILED_BECAUSE), count=count)
        for outcome, count in counted.items()
        if outcome.startswith(FAILED_BECAUSE)
    ]
    return sorted(found, key=lambda failure: (-failure.count, failure.reason))


def _slowest(since: datetime, until: datetime) -> list[Slow]:
    by_event = figures.time_to_sent_by_event(since, until)
    found = [
        Slow(
            event=event,
            count=latency.count,
            p50_seconds=_seconds(latency.p50),
            p95_seconds=_seconds(latency.p95),
        )
        for event, latency in by_event.items()
    ]
    return sorted(found, key=lambda slow: -slow.p95_seconds)[:SLOWEST]


def _seconds(duration: timedelta | None) -> Decimal:
    return Decimal(str(round((duration or timedelta()).total_seconds(), 1)))


def _p95(latency: Latency) -> Decimal | None:
    return None if latency.p95 is None else _seconds(latency.p95)


def _waiting(now: datetime) -> Waiting:
    standing = figures.standing_now()
    return Waiting(
        count=sum(standing[status].count for status in CLAIMABLE),
        oldest_since=figures.oldest_due(now=now),
    )


def _providers(since: datetime, until: datetime, *, now: datetime) -> list[ProviderHealth]:
    traffic = figures.traffic(since, until)
    alarms = {state.alias: state.alarm for state in routing.states(now=now)}
    found = []
    for alias in sorted({*traffic, *alarms}):
        seen = traffic.get(alias)
        rate = None if seen is None or seen.error_rate is None else round(seen.error_rate, 4)
        found.append(
            ProviderHealth(
                alias=alias,
                attempts=seen.attempts if seen else 0,
                error_rate=None if rate is None else Decimal(str(rate)),
                p95_seconds=_p95(seen.latency) if seen else None,
                alarm=alarms.get(alias),
            )
        )
    return found


def _published(since: datetime, until: datetime) -> list[Published]:
    versions = TemplateVersion.objects.filter(created_at__gte=since, created_at__lt=until)
    return [
        Published(
            event=version.event, locale=version.locale, number=version.number, author=version.author
        )
        for version in versions.order_by("created_at")[:MOST_NAMED]
    ]


def _audit(since: datetime, until: datetime) -> Audit | None:
    run = AuditRun.objects.filter(at__gte=since, at__lt=until).order_by("-at").first()
    return None if run is None else Audit(missing=run.missing_count, overdue=run.overdue_count)
