"""Takes personal data away: after the retention period, and when a person asks for it.

What is erased: recipient and name, reply address, tags, context or ready-made mail, subject, the
texts of errors in notifications and attempts, and what providers wrote in their reports. What
stays: ids, times, states, providers, codes and counts, so that figures and the audit keep adding
up, and a mail is never sent twice because its record is gone.

Who else keeps personal data registers it (`register`); this module knows none of them.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifications.models import DeliveryAttempt, Notification, ProviderEvent, StoredMail
from notifications.states import OPEN, Status

log = structlog.get_logger()

BATCH = 500
"""Notifications in one transaction: some ten milliseconds, in which nobody waits for long."""
PAUSE = timedelta(milliseconds=20)
"""Between two batches, so that those who record mail get their turn (SQLite has one writer)."""


class Keeper(Protocol):
    """Another keeper of personal data."""

    name: str
    """What it keeps, in the plural, for people: `orders`."""

    def causes_of(self, address: str) -> Iterable[tuple[str, str]]:
        """Return the causes (source type and id) of mail that holds the person's data."""

    def count_of(self, address: str) -> int:
        """Return how many records hold the person's data."""

    def erase_of(self, address: str, *, now: datetime) -> int:
        """Erase the person's data; return in how many records."""

    def erase_old(self, *, now: datetime, most: int) -> int:
        """Erase up to `most` records whose time is over; return how many."""


_keepers: list[Keeper] = []


def register(keeper: Keeper) -> None:
    """Let erasure reach `keeper` too; registering it twice changes nothing."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def keepers() -> tuple[Keeper, ...]:
    """Return who else keeps personal data."""
    return tuple(_keepers)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What one run took away, and whether there is more to do."""

    notifications: int
    others: int
    reports: int
    is_done: bool


def erase_old(*, within: timedelta) -> Erased:
    """Erase what is past its retention, in small batches, for at most about `within`."""
    deadline = time.monotonic() + within.total_seconds()
    notifications = others = reports = 0
    while True:
        now = timezone.now()
        cutoff = now - timedelta(days=settings.RETENTION_DAYS)
        in_mail = _erase_batch(past_retention(cutoff))
        elsewhere = sum(keeper.erase_old(now=now, most=BATCH) for keeper in _keepers)
        unmatched = _forget_unmatched(cutoff)
        notifications, others, reports = (
            notifications + in_mail,
            others + elsewhere,
            reports + unmatched,
        )
        is_done = not (in_mail or elsewhere or unmatched)
        if is_done or time.monotonic() > deadline:
            break
        time.sleep(PAUSE.total_seconds())
    if notifications or others or reports:
        log.info("erased", notifications=notifications, others=others, reports=reports)
    return Erased(notifications=notifications, others=others, reports=reports, is_done=is_done)


def past_retention(cutoff: datetime) -> QuerySet[Notification]:
    """Return the mail that ended before `cutoff` and is not erased, oldest first."""
    # By the partial index `notification_to_erase`: what is erased already costs nothing.
    return Notification.objects.filter(
        finished_at__lt=cutoff, finished_at__isnull=False, erased_at__isnull=True
    ).order_by("finished_at")


def erase(ids: Collection[UUID]) -> int:
    """Erase these notifications; return how many were not erased or open. Safe to repeat."""
    return _erase_batch(
        Notification.objects.filter(pk__in=ids, erased_at__isnull=True).exclude(
            status__in=OPEN | {Status.UNKNOWN}
        )
    )


def _erase_batch(rows: QuerySet[Notification]) -> int:
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            # Two erasures at once share the work; without it they could wait in a circle.
            rows = rows.select_for_update(skip_locked=True)
        ids = list(rows.values_list("pk", flat=True)[:BATCH])
        if not ids:
            return 0
        DeliveryAttempt.objects.filter(notification__in=ids).exclude(summary="", detail="").update(
            summary="", detail=""
        )
        ProviderEvent.objects.filter(notification__in=ids).update(payload={})
        StoredMail.objects.filter(notification__in=ids).delete()
        return Notification.objects.filter(pk__in=ids).update(
            recipient="",
            recipient_name="",
            reply_to="",
            tags=[],
            context={},
            subject="",
            error_summary="",
            erased_at=timezone.now(),
        )


def _forget_unmatched(cutoff: datetime) -> int:
    """Delete old reports that were never found to be about mail of ours; return how many."""
    old = ProviderEvent.objects.filter(
        notification__isnull=True, apply_at__isnull=True, received_at__lt=cutoff
    ).order_by("received_at")
    found = list(old.values_list("pk", flat=True)[:BATCH])
    ProviderEvent.objects.filter(pk__in=found).delete()
    return len(found)


def mail_of(address: str) -> QuerySet[Notification]:
    """Return the mail that holds a person's data: sent to them, or caused by what is theirs.

    Without regard to case, and so without an index: a person asks rarely, and a record that was
    overlooked would be worse than a minute of reading.
    """
    causes: dict[str, set[str]] = {}
    for keeper in _keepers:
        for source_type, source_id in keeper.causes_of(address):
            causes.setdefault(source_type, set()).add(source_id)
    concerned = Q(recipient__iexact=address.strip())
    for source_type, source_ids in causes.items():
        concerned |= Q(source_type=source_type, source_id__in=source_ids)
    return Notification.objects.filter(concerned, erased_at__isnull=True)
