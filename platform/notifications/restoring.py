"""After a database was restored from a backup: what was due in it may have left since.

Between the backup and the loss, mail went out of which the restored database knows nothing. Nobody
can tell which; so all that was open in the backup is held (`unknown`), until a provider's report or
a person says what became of it.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from access import audit
from access.actors import Actor
from notifications.models import Notification
from notifications.states import OPEN, Status

BATCH = 500
ACTION = "restore.hold"
CODE = "restored"
SUMMARY = "Open in a backup that was restored: it may have left before the database was lost."


def in_doubt(*, created_before: datetime) -> QuerySet[Notification]:
    """Return what was open in the backup, those that a worker of then was sending included."""
    return Notification.objects.filter(status__in=OPEN, created_at__lt=created_before)


def hold(*, created_before: datetime, actor: Actor, reason: str) -> int:
    """Hold all that was open in the backup; return how many. Safe to repeat.

    Call it before any worker runs on the restored database. What is held waits for as long as a new
    mail may live (EXPIRES_AFTER), however old it is.
    """
    held = 0
    while ids := list(in_doubt(created_before=created_before).values_list("pk", flat=True)[:BATCH]):
        until = timezone.now() + settings.EXPIRES_AFTER
        held += Notification.objects.filter(pk__in=ids).move(
            Status.UNKNOWN,
            only_from=OPEN,
            claim_expires_at=None,
            next_attempt_at=None,
            relay_at=until,
            expires_at=until,
            error_kind=Status.UNKNOWN.value,
            error_code=CODE,
            error_summary=SUMMARY,
        )
    with transaction.atomic():
        audit.record(
            actor=actor,
            action=ACTION,
            target_type="notification",
            target_id="",
            reason=reason,
            data={"held": held, "created_before": created_before.isoformat()},
        )
    return held
