"""Putting addresses on the suppression list by hand, and taking them off; with an audit entry."""

from django.db import transaction

from access import audit
from access.actors import Actor
from notifications.models import Suppression, SuppressionReason
from notifications.suppressions import normalise


def suppress(address: str, *, actor: Actor, note: str = "") -> tuple[Suppression, bool]:
    """Make sure that `address` is not mailed; return its entry, and whether it is a new one.

    One that is there already keeps its reason: a complaint stays a complaint.
    """
    with transaction.atomic():
        entry, is_new = Suppression.objects.get_or_create(
            address=normalise(address),
            defaults={"reason": SuppressionReason.MANUAL, "note": note},
        )
        if is_new:
            _audit("suppression.add", entry, actor=actor, reason=note)
    return entry, is_new


def release(entry: Suppression, *, actor: Actor, reason: str = "") -> bool:
    """Let the address be mailed again; False if it has been released meanwhile.

    Mail that was held back before stays where it is, until somebody redrives it.
    """
    with transaction.atomic():
        pk = entry.pk
        if not Suppression.objects.filter(pk=pk).delete()[0]:
            return False
        entry.pk = pk
        _audit("suppression.release", entry, actor=actor, reason=reason)
    return True


def _audit(action: str, entry: Suppression, *, actor: Actor, reason: str) -> None:
    # The id and not the address, which is personal data that the log would keep for ever.
    audit.record(
        actor=actor,
        action=action,
        target_type="suppression",
        target_id=str(entry.pk),
        reason=reason,
        data={"reason": entry.reason},
    )
