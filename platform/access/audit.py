"""The one way to write to the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

from access.actors import Actor
from access.models import AuditEntry


def record(
    *,
    actor: Actor,
    action: str,
    target_type: str,
    target_id: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry that `actor` did `action` to the record `target_type` `target_id`.

    Call it in the transaction of the action itself, so that neither stands without the other.
    `action` is "<record>.<verb>" ("notification.retry"); `reason` is the person's own words; `data`
    is what else a reader needs (JSON-ready; dates, decimals and UUIDs too), without personal data.
    """
    entries = record_all(
        actor=actor,
        action=action,
        target_type=target_type,
        target_ids=[target_id],
        reason=reason,
        data=data,
    )
    return entries[0]


def record_all(
    *,
    actor: Actor,
    action: str,
    target_type: str,
    target_ids: Iterable[str],
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> list[AuditEntry]:
    """Add an entry for each of the records that one action concerned, in one statement."""
    return AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_label=actor.label[:200],
                action=action,
                target_type=target_type,
                target_id=target_id,
                reason=reason,
                data=dict(data or {}),
            )
            for target_id in target_ids
        ]
    )
