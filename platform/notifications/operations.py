"""What a person may do to notifications, each with a reason and an audit entry.

All are compare-and-sets: pressed twice, or by two people, they act once. Each takes the ids that
were asked for and returns those that it acted on; the rest were in another state by then.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from access import audit
from access.actors import Actor
from notifications.models import Notification
from notifications.publishing import PUBLISHED_GRACE, publish_live
from notifications.states import CANCELLABLE, CLAIMABLE, REDRIVABLE, Action, Status
from notifications.tickets import Ticketed

LIVE_AT_MOST = 20
"""So many may overtake the backlog when a person asks for them by hand."""


def retry(ids: Collection[UUID], *, actor: Actor, reason: str) -> list[UUID]:
    """Try waiting notifications now instead of at their next attempt."""
    now = timezone.now()
    # What is due already waits for a worker or a provider, which nobody's asking makes faster.
    waiting = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__gt=now)
    with transaction.atomic():
        rows = (
            Notification.objects.now_in(CLAIMABLE)
            .filter(waiting, pk__in=ids)
            .update_returning(fields=["ticket"], next_attempt_at=now, relay_at=now)
        )
        _audit("notification.retry", rows, actor=actor, reason=reason)
        _hurry(rows)
    return [row.pk for row in rows]


def cancel(ids: Collection[UUID], *, actor: Actor, reason: str) -> list[UUID]:
    """Give up on notifications that have not left; what is being sent now cannot be called back."""
    with transaction.atomic():
        rows = Notification.objects.filter(pk__in=ids).move_returning(
            Status.CANCELLED,
            only_from=CANCELLABLE,
            fields=["ticket"],
            relay_at=None,
            next_attempt_at=None,
            finished_at=timezone.now(),
        )
        _audit("notification.cancel", rows, actor=actor, reason=reason)
    return [row.pk for row in rows]


def redrive(ids: Collection[UUID], *, actor: Actor, reason: str) -> list[UUID]:
    """Give dead letters and suppressed mail a new budget and a new life, and queue them."""
    return _requeue(ids, REDRIVABLE, action="notification.redrive", actor=actor, reason=reason)


def resolve(ids: Collection[UUID], *, arrived: bool, actor: Actor, reason: str) -> list[UUID]:
    """Say of mail whose outcome is unknown that it arrived, or that it is to be sent again."""
    if not arrived:
        unknown = frozenset({Status.UNKNOWN})
        return _requeue(ids, unknown, action="notification.resolve", actor=actor, reason=reason)
    now = timezone.now()
    with transaction.atomic():
        rows = Notification.objects.filter(pk__in=ids).move_returning(
            Status.SENT,
            only_from=[Status.UNKNOWN],
            fields=["ticket"],
            relay_at=None,
            sent_at=now,
            finished_at=now,
            # It arrived, so nothing is wrong with it any more; the attempts keep what was.
            doubted_ticket=None,
            error_kind="",
            error_code="",
            error_summary="",
        )
        _audit("notification.resolve", rows, actor=actor, reason=reason, data={"arrived": True})
    return [row.pk for row in rows]


def _requeue(
    ids: Collection[UUID],
    only_from: frozenset[Status],
    *,
    action: str,
    actor: Actor,
    reason: str,
) -> list[UUID]:
    now = timezone.now()
    with transaction.atomic():
        # What was erased can be made into no mail any more.
        rows = Notification.objects.filter(pk__in=ids, erased_at__isnull=True).move_returning(
            Status.QUEUED,
            only_from=only_from,
            fields=["ticket"],
            budget_attempt_base=F("attempt_count"),
            budget_started_at=now,
            lost_count=0,
            doubted_ticket=None,
            next_attempt_at=None,
            expires_at=now + settings.EXPIRES_AFTER,
            finished_at=None,
            relay_at=now,
        )
        _audit(action, rows, actor=actor, reason=reason)
        _hurry(rows)
    return [row.pk for row in rows]


def _hurry(rows: list[Notification]) -> None:
    """Publish a few at once; many are the relay's, so that live mail is not held up by them."""
    if not rows or len(rows) > LIVE_AT_MOST:
        return
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
        relay_at=timezone.now() + PUBLISHED_GRACE
    )
    tickets = [Ticketed(row.pk, row.ticket) for row in rows]
    transaction.on_commit(partial(publish_live, tickets), robust=True)


def _audit(
    action: str,
    rows: list[Notification],
    *,
    actor: Actor,
    reason: str,
    data: dict[str, Any] | None = None,
) -> None:
    audit.record_all(
        actor=actor,
        action=action,
        target_type="notification",
        target_ids=[str(row.pk) for row in rows],
        reason=reason,
        data=data,
    )


class Operation(Protocol):
    """One of the functions above, for `PERFORM`."""

    def __call__(self, ids: Collection[UUID], *, actor: Actor, reason: str) -> list[UUID]: ...


PERFORM: Mapping[Action, Operation] = {
    Action.RETRY: retry,
    Action.REDRIVE: redrive,
    Action.ARRIVED: partial(resolve, arrived=True),
    Action.NOT_ARRIVED: partial(resolve, arrived=False),
    Action.CANCEL: cancel,
}
