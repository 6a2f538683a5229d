"""What providers report about mail that they have taken: stored once, applied in any order.

Reports come twice, late and out of order. Each is stored under a fingerprint; its effect is a
compare-and-set whose predicate carries the order of severity, so that a late `delivered` never
hides a `bounced`. A report that fits no notification yet (it may be quicker than our own commit) is
kept and looked at again by `apply_waiting`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from notifications.columns import fit_row
from notifications.making import NotKept, is_ready_made, kept_mail
from notifications.models import (
    READY_MADE,
    Notification,
    ProviderEvent,
    Suppression,
    SuppressionReason,
    id_in_message_id,
)
from notifications.publishing import publish_reports
from notifications.relevance import Relevance, Said, of_acceptance, of_refusal
from notifications.states import Status
from notifications.stored_mail import addresses
from notifications.suppressions import normalise

log = structlog.get_logger()

PATIENCE = timedelta(days=1)
"""How long a report may wait for the notification that it is about."""
FIRST_LOOK = timedelta(seconds=5)
"""When the relay looks at a report that no worker has applied."""
SWEEP = 500
"""Reports that one step takes up at a time."""


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
        ticket: the attempt's, from the metadata.
        recipient: the address that it is about; of it only a keyed hash is kept.
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
    ticket: int | None = None
    recipient: str = ""
    occurred_at: datetime | None = None
    is_permanent: bool = True
    payload: Mapping[str, Any] = field(default_factory=dict)


def take(reports: Sequence[Report]) -> int:
    """Store reports and apply those that are new; return how many were."""
    ids = _store(reports)
    apply(ids)
    return len(ids)


def receive(reports: Sequence[Report]) -> int:
    """Store reports and have a worker apply those that are new; return how many were.

    Quick whatever their number, for a provider that waits for an answer.
    """
    with transaction.atomic():
        ids = _store(reports)
        if ids:
            transaction.on_commit(partial(publish_reports, ids), robust=True)
    return len(ids)


def _store(reports: Sequence[Report]) -> list[int]:
    """Store those reports that are new, in three statements; return their rows' ids."""
    # A provider may send an event twice in one go, too.
    new = {(report.provider, report.fingerprint): report for report in reports}
    same = ProviderEvent.objects.filter(
        provider__in={provider for provider, _ in new},
        fingerprint__in={fingerprint for _, fingerprint in new},
    )
    for known in same.values_list("provider", "fingerprint"):
        new.pop(known, None)
    if not new:
        return []
    due = timezone.now() + FIRST_LOOK
    rows = [_row(report, apply_at=due) for report in new.values()]
    # What another request stores at this moment is left as it is, and applied twice, harmlessly.
    ProviderEvent.objects.bulk_create(rows, ignore_conflicts=True)
    stored = same.values_list("pk", "provider", "fingerprint")
    return [pk for pk, provider, fingerprint in stored if (provider, fingerprint) in new]


def _row(report: Report, *, apply_at: datetime) -> ProviderEvent:
    row = ProviderEvent(
        provider=report.provider,
        fingerprint=report.fingerprint,
        event_type=report.kind,
        provider_message_id=report.provider_message_id,
        occurred_at=report.occurred_at,
        apply_at=apply_at,
        payload={
            **report.payload,
            "message_id": report.message_id,
            "is_permanent": report.is_permanent,
            "notification_id": str(report.notification_id or ""),
            "ticket": report.ticket,
            "recipient_hash": _hash(report.recipient) if report.recipient else "",
        },
    )
    fit_row(row)
    return row


def _hash(address: str) -> str:
    """Return what tells one recipient of a mail from another; without our key it tells nothing."""
    return salted_hmac("notifications.tracking", normalise(address)).hexdigest()[:16]


def apply(event_ids: Sequence[int]) -> int:
    """Apply stored reports; return how many found their notification."""
    events = ProviderEvent.objects.filter(pk__in=event_ids, processed_at__isnull=True)
    return sum([_try(event) for event in events.order_by("pk")])


def apply_waiting() -> int:
    """Apply reports whose time to be looked at has come; return how many found theirs."""
    applied = 0
    while True:
        due = ProviderEvent.objects.filter(apply_at__lte=timezone.now()).order_by("apply_at")
        events = list(due[:SWEEP])
        applied += sum([_try(event) for event in events])
        if len(events) < SWEEP:
            return applied


def _try(event: ProviderEvent) -> bool:
    """Apply a report, or say when to look again: after as long as it has waited already.

    An account may send mail that is not ours: its reports must not hold up others, nor be looked
    for every few seconds.
    """
    row = _match(event)
    if row is None:
        _look_again(event)
        return False
    with transaction.atomic():
        ProviderEvent.objects.filter(pk=event.pk).update(notification=row)
        if not _apply(event, row):
            _look_again(event)
    return True


def _look_again(event: ProviderEvent) -> None:
    now = timezone.now()
    age = now - event.received_at
    again = now + max(age, FIRST_LOOK) if age < PATIENCE else None
    ProviderEvent.objects.filter(pk=event.pk).update(apply_at=again)


def _match(event: ProviderEvent) -> Notification | None:
    """Find the notification by our own id, then the provider's message id, then Message-ID."""
    if identifier := str(event.payload.get("notification_id", "")):
        row = Notification.objects.filter(pk=identifier).first()
        if row is not None:
            return row
    return _find(event) if event.provider_message_id else None


def _find(event: ProviderEvent) -> Notification | None:
    # Two providers may give the same id to different mail; a Message-ID is ours, whoever tells it.
    by_provider = Q(provider_message_id=event.provider_message_id, provider=event.provider)
    header = str(event.payload.get("message_id", ""))
    by_own_header = Q(pk=id_in_message_id(header), message_id=header)
    by_header = Q(event=READY_MADE, message_id=header)
    for condition in (by_provider, by_own_header, by_header):
        if row := Notification.objects.filter(condition).first():
            return row
    return None


def _apply(event: ProviderEvent, row: Notification) -> bool:
    """Let the report act on the row; False if that cannot be decided yet."""
    relevance = _relevance(event, row)
    to = STATUS_OF.get(event.event_type)
    if relevance is Relevance.LATER:
        return False
    if relevance is Relevance.NOW and to is not None and not _move(event, row, to):
        return False
    _suppress(event, row)
    ProviderEvent.objects.filter(pk=event.pk).update(processed_at=timezone.now(), apply_at=None)
    return True


def _relevance(event: ProviderEvent, row: Notification) -> Relevance:
    said = Said(ticket=event.payload.get("ticket"), provider_message_id=event.provider_message_id)
    if event.event_type == Reported.ACCEPTED:
        return of_acceptance(said, row)
    return of_refusal(said, row) if _is_about_one_copy(event) else Relevance.NOW


def _is_about_one_copy(event: ProviderEvent) -> bool:
    if event.event_type == Reported.BOUNCED:
        return not event.payload.get("is_permanent", True)
    return event.event_type in {Reported.ACCEPTED, Reported.REJECTED}


def _move(event: ProviderEvent, row: Notification, to: Status) -> bool:
    """Move the row as the report says; False if it has changed since it was judged."""
    now = timezone.now()
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
    rows = Notification.objects.filter(pk=row.pk)
    if _is_about_one_copy(event):
        # What it says was judged by where the row stands: a claim since then is another copy.
        rows = rows.filter(ticket=row.ticket, status=row.status)
    moved = rows.move(to, reported=True, **changes)
    if not moved and _is_about_one_copy(event) and not rows.exists():
        return False
    Notification.objects.filter(pk=row.pk, sent_at__isnull=True).exclude(
        status=Status.FAILED
    ).update(sent_at=event.occurred_at or now)
    return True


def _suppress(event: ProviderEvent, row: Notification) -> None:
    reason = SUPPRESSES.get(event.event_type)
    permanent = event.payload.get("is_permanent", True)
    if reason is None or (reason is SuppressionReason.HARD_BOUNCE and not permanent):
        return
    if row.erased_at is not None:
        return  # nobody knows any more whose address it was
    address = _address(event, row)
    if address is None:
        log.warning("bounced_recipient_unknown", notification=str(row.pk), reason=reason)
        return
    Suppression.objects.get_or_create(
        address=normalise(address),
        defaults={"reason": reason, "provider": event.provider},
    )
    log.info("address_suppressed", notification=str(row.pk), reason=reason)


def _address(event: ProviderEvent, row: Notification) -> str | None:
    """Return whom the report is about; None if it is one of several, and does not say which."""
    if not is_ready_made(row):
        return row.recipient
    try:
        recipients = list(addresses(kept_mail(row)))
    except NotKept:
        return None
    named = str(event.payload.get("recipient_hash", ""))
    found = [one for one in recipients if _hash(one) == named]
    if not found and len(recipients) == 1:
        found = recipients
    return found[0] if found else None
