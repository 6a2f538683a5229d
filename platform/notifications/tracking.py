"""What providers report about mail that they have taken: stored once, applied in any order.

Reports come twice, late and out of order. Each is stored under a fingerprint; its effect is a
compare-and-set whose predicate carries the order of severity, so that a late `delivered` never
hides a `bounced`. A report that fits no notification yet (it may be quicker than our own commit) is
kept and applied by `apply_unmatched`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications.models import Notification, ProviderEvent, Suppression, SuppressionReason
from notifications.states import Status
from notifications.suppressions import normalise

log = structlog.get_logger()

PATIENCE = timedelta(days=1)
"""How long a report may wait for the notification that it is about."""


class Reported(StrEnum):
    """The kinds of report that change something; all others are kept for the timeline only."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"
    COMPLAINED = "complained"


STATUS_OF: dict[str, Status] = {
    Reported.ACCEPTED: Status.SENT,
    Reported.DELIVERED: Status.DELIVERED,
    Reported.BOUNCED: Status.BOUNCED,
    Reported.REJECTED: Status.FAILED,
    Reported.COMPLAINED: Status.COMPLAINED,
}
SUPPRESSES: dict[str, SuppressionReason] = {
    Reported.BOUNCED: SuppressionReason.HARD_BOUNCE,
    Reported.COMPLAINED: SuppressionReason.COMPLAINT,
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """One verified event of a provider.

    Attributes:
        provider: its alias.
        kind: a `Reported` value, or the provider's own word for what changes nothing.
        fingerprint: the provider's event id, or a hash of the event where it gives none.
        notification_id: from the metadata that we sent along, if the provider returns it.
        provider_message_id: the provider's id of the message.
        message_id: the mail's Message-ID header, if the provider returns it.
        occurred_at: when it happened, by the provider's clock.
        is_permanent: for a bounce: the address will never take mail.
        payload: what else is worth showing, without addresses and bodies.
    """

    provider: str
    kind: str
    fingerprint: str
    notification_id: UUID | None = None
    provider_message_id: str = ""
    message_id: str = ""
    occurred_at: datetime | None = None
    is_permanent: bool = True
    payload: Mapping[str, Any] = field(default_factory=dict)


def take(reports: Sequence[Report]) -> int:
    """Store reports and apply those that are new; return how many were."""
    taken = 0
    for report in reports:
        with transaction.atomic():
            row = _match(report)
            event, is_new = ProviderEvent.objects.get_or_create(
                provider=report.provider,
                fingerprint=report.fingerprint,
                defaults={
                    "event_type": report.kind,
                    "notification": row,
                    "provider_message_id": report.provider_message_id,
                    "occurred_at": report.occurred_at,
                    "payload": {
                        **report.payload,
                        "message_id": report.message_id,
                        "is_permanent": report.is_permanent,
                    },
                },
            )
            if is_new and row is not None:
                _apply(event, row)
            taken += is_new
    return taken


def apply_unmatched() -> int:
    """Apply reports that came before the record they are about; return how many found it."""
    applied = 0
    waiting = ProviderEvent.objects.filter(
        processed_at__isnull=True, received_at__gt=timezone.now() - PATIENCE
    ).order_by("received_at")[:500]
    for event in waiting:
        row = _find(event.provider_message_id, str(event.payload.get("message_id", "")))
        if row is not None:
            with transaction.atomic():
                ProviderEvent.objects.filter(pk=event.pk).update(notification=row)
                _apply(event, row)
            applied += 1
    return applied


def _match(report: Report) -> Notification | None:
    """Find the notification by our own id, then the provider's message id, then Message-ID."""
    if report.notification_id is not None:
        row = Notification.objects.filter(pk=report.notification_id).first()
        if row is not None:
            return row
    return _find(report.provider_message_id, report.message_id)


def _find(provider_message_id: str, message_id: str) -> Notification | None:
    for name, value in (
        ("provider_message_id", provider_message_id),
        ("message_id", message_id),
    ):
        if value and (row := Notification.objects.filter(Q(**{name: value})).first()):
            return row
    return None


def _apply(event: ProviderEvent, row: Notification) -> None:
    now = timezone.now()
    to = STATUS_OF.get(event.event_type)
    if to is not None:
        changes: dict[str, Any] = {
            "relay_at": None,
            "claim_expires_at": None,
            "next_attempt_at": None,
            "finished_at": now,
        }
        if to is Status.FAILED:
            changes |= {"error_kind": "permanent", "error_code": "rejected_after_acceptance"}
        else:
            changes |= {"error_kind": "", "error_code": "", "error_summary": ""}
            changes["provider"] = event.provider
        Notification.objects.filter(pk=row.pk).move(to, reported=True, **changes)
        Notification.objects.filter(pk=row.pk, sent_at__isnull=True).exclude(
            status=Status.FAILED
        ).update(sent_at=event.occurred_at or now)
    _suppress(event, row)
    ProviderEvent.objects.filter(pk=event.pk).update(processed_at=now)


def _suppress(event: ProviderEvent, row: Notification) -> None:
    reason = SUPPRESSES.get(event.event_type)
    permanent = event.payload.get("is_permanent", True)
    if reason is None or (reason is SuppressionReason.HARD_BOUNCE and not permanent):
        return
    Suppression.objects.get_or_create(
        address=normalise(row.recipient),
        defaults={"reason": reason, "provider": event.provider},
    )
    log.info("address_suppressed", notification=str(row.pk), reason=reason)
