"""The one way to write to the audit log."""

from collections.abc import Mapping
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
    return AuditEntry.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:200],
        action=action,
        target_type=target_type,
        target_id=target_id,
        reason=reason,
        data=dict(data or {}),
    )
