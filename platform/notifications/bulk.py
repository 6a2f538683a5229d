"""One action on many notifications: first a dry run, then a group of chunk tasks.

1. `plan` counts what the action would do to a selection and keeps the ids in chunks. Nothing else
   happens: an operation that nobody confirms is forgotten after a day.
2. `confirm` (a person, with a reason) starts it, once, however often it is pressed.
3. `run` publishes a window of chunks as one Celery group; the last of them to be done publishes
   the next window. The relay's task calls `resume`, so that lost messages and dead workers only
   cost time.
4. `run_chunk` acts on one chunk in one transaction: all of it, with its audit entries and its
   mark, or nothing. A chunk that is delivered twice acts once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from celery import current_app, group
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils import timezone
from kombu.exceptions import OperationalError

from access import audit
from access.actors import Actor
from notifications import queues
from notifications.models import (
    AttemptOutcome,
    BulkChunk,
    BulkOperation,
    DeliveryAttempt,
    Notification,
    Suppression,
)
from notifications.operations import PERFORM
from notifications.publishing import BrokerUnavailable, publisher
from notifications.retries import DeadLetterReason
from notifications.states import ELIGIBLE, Action

log = structlog.get_logger()

LARGEST = 100_000
"""Notifications in one operation; their ids are kept, and a person waits for that."""
CHUNK = 500
"""Notifications in one transaction: short ones let workers in between."""
WINDOW = 10
"""Chunks in one group, so that the relay's own task never waits for long in the same queue."""
LOST_AFTER = timedelta(seconds=60)
"""A chunk that was published so long ago and is not done is published again."""
FORGOTTEN_AFTER = timedelta(days=1)
PASSED_OVER_COUNTED = 10_000

SENDING = frozenset({Action.RETRY, Action.REDRIVE, Action.NOT_ARRIVED})
"""Actions after which mail leaves."""
REQUEUEING = frozenset({Action.REDRIVE, Action.NOT_ARRIVED})
"""Actions that need a recipient and a content, which erasure takes away."""


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What an action would do to a selection.

    Attributes:
        eligible: notifications that it would act on.
        in_doubt: of those, which a provider may have delivered already: a second copy is possible.
        suppressed: of those, whose address is on the suppression list: they would not leave.
        expired: of those, whose time is over: they come late, or end as expired again.
        passed_over: how many it leaves alone, by their status.
        is_cut: there are more than one operation takes; the oldest are taken.
    """

    eligible: int
    in_doubt: int = 0
    suppressed: int = 0
    expired: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an operation is: notifications looked at, changed, and in all."""

    done: int
    acted: int
    total: int

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return self.done * 100 // self.total if self.total else 100


def plan(
    rows: "QuerySet[Notification]", *, action: Action, actor: Actor, selection: str = ""
) -> BulkOperation:
    """Return a planned operation on those of `rows` that `action` does something to.

    Args:
        rows: the selection; at most `LARGEST` of its eligible rows are taken, the oldest first.
        action: what is to be done.
        actor: who asks.
        selection: what was chosen, in words.
    """
    now = timezone.now()
    rows = rows.order_by("created_at", "pk")
    eligible = rows.filter(status__in=ELIGIBLE[action])
    if action in REQUEUEING:
        eligible = eligible.filter(erased_at__isnull=True)
    ids = [str(pk) for pk in eligible.values_list("pk", flat=True)[: LARGEST + 1]]
    counted = _dry_run(rows, eligible, action=action, found=len(ids), now=now)
    ids = ids[:LARGEST]
    with transaction.atomic():
        _forget_abandoned(now)
        operation = BulkOperation.objects.create(
            action=action,
            selection=selection[:500],
            plan=asdict(counted),
            total=len(ids),
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:200],
            created_at=now,
        )
        BulkChunk.objects.bulk_create(_chunks(operation, ids), batch_size=50)
    return operation


def dry_run_of(operation: BulkOperation) -> DryRun:
    """Return what was counted when the operation was planned."""
    return DryRun(**operation.plan)


def confirm(operation: BulkOperation, *, actor: Actor, reason: str) -> bool:
    """Start a planned operation; False if somebody did before."""
    now = timezone.now()
    with transaction.atomic():
        started = BulkOperation.objects.filter(
            pk=operation.pk, confirmed_at__isnull=True, finished_at__isnull=True
        ).update(
            confirmed_at=now,
            reason=reason,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label[:200],
        )
        if started:
            _audit("bulk_operation.start", operation, actor=actor, reason=reason)
            transaction.on_commit(partial(_publish_run, operation.pk), robust=True)
    return bool(started)


def stop(operation: BulkOperation, *, actor: Actor, reason: str) -> bool:
    """End an operation where it stands; what is done stays done. False if it has ended."""
    now = timezone.now()
    with transaction.atomic():
        stopped = BulkOperation.objects.filter(pk=operation.pk, finished_at__isnull=True).update(
            stopped_at=now, finished_at=now
        )
        if stopped:
            _audit("bulk_operation.stop", operation, actor=actor, reason=reason)
    return bool(stopped)


def run(operation_id: int) -> int:
    """Publish the next chunks as one group, unless some are under way; return how many."""
    now = timezone.now()
    if not BulkOperation.objects.filter(
        pk=operation_id, confirmed_at__isnull=False, finished_at__isnull=True
    ).exists():
        return 0
    left = BulkChunk.objects.filter(operation_id=operation_id, done_at__isnull=True)
    if left.filter(published_at__gt=now - LOST_AFTER).exists():
        return 0
    window = list(left.order_by("number").values_list("pk", flat=True)[:WINDOW])
    if not window:
        _finish(operation_id, now=now)
        return 0
    BulkChunk.objects.filter(pk__in=window).update(published_at=now)
    try:
        group(
            current_app.signature(queues.BULK_CHUNK, args=[pk], queue=queues.PERIODIC)
            for pk in window
        ).apply_async()
    except (OperationalError, OSError) as error:
        BulkChunk.objects.filter(pk__in=window).update(published_at=None)
        log.warning("bulk_left_to_relay", error_class=type(error).__name__)
        return 0
    return len(window)


def run_chunk(chunk_id: int) -> int:
    """Act on one chunk, once; return how many notifications it changed."""
    with transaction.atomic():
        # The lock is what a second delivery of this message waits for, and then finds it done.
        chunk = (
            BulkChunk.objects.select_for_update(of=("self",))
            .select_related("operation")
            .filter(pk=chunk_id, done_at__isnull=True)
            .first()
        )
        if chunk is None or not chunk.operation.is_running:
            return 0
        operation = chunk.operation
        done = PERFORM[Action(operation.action)](
            [UUID(identifier) for identifier in chunk.ids],
            actor=operation.actor,
            reason=operation.reason,
        )
        chunk.acted, chunk.done_at = len(done), timezone.now()
        chunk.save(update_fields=["acted", "done_at"])
    run(operation.pk)
    return len(done)


def resume() -> None:
    """Go on with what is confirmed and not finished; called every few seconds."""
    running = BulkOperation.objects.filter(confirmed_at__isnull=False, finished_at__isnull=True)
    for operation_id in running.order_by("confirmed_at").values_list("pk", flat=True):
        run(operation_id)


def progress_of(operation: BulkOperation) -> Progress:
    """Return how far it is."""
    done = operation.chunks.filter(done_at__isnull=False).aggregate(
        done=Sum("size", default=0), acted=Sum("acted", default=0)
    )
    return Progress(done=done["done"], acted=done["acted"], total=operation.total)


def _dry_run(
    rows: "QuerySet[Notification]",
    eligible: "QuerySet[Notification]",
    *,
    action: Action,
    found: int,
    now: datetime,
) -> DryRun:
    others = rows.exclude(status__in=ELIGIBLE[action]).values_list("status", flat=True)
    passed_over = dict(Counter(others[:PASSED_OVER_COUNTED]))
    risks = _risks(eligible, action=action, now=now) if action in SENDING else {}
    return DryRun(
        eligible=min(found, LARGEST), passed_over=passed_over, is_cut=found > LARGEST, **risks
    )


def _risks(eligible: "QuerySet[Notification]", *, action: Action, now: datetime) -> dict[str, int]:
    doubtful = DeliveryAttempt.objects.filter(
        notification=OuterRef("pk"), outcome__in=[AttemptOutcome.UNKNOWN, AttemptOutcome.LOST]
    )
    listed = Suppression.objects.filter(address=Lower(OuterRef("recipient")))
    died_of_age = Q(error_code=DeadLetterReason.EXPIRED)
    late = Q(expires_at__lte=now) if action == Action.RETRY else died_of_age
    marked = eligible.annotate(is_doubtful=Exists(doubtful), is_listed=Exists(listed))
    counts: dict[str, Any] = marked[:LARGEST].aggregate(
        in_doubt=Count("pk", filter=Q(is_doubtful=True)),
        suppressed=Count("pk", filter=Q(is_listed=True)),
        expired=Count("pk", filter=late),
    )
    return counts


def _chunks(operation: BulkOperation, ids: Sequence[str]) -> Iterator[BulkChunk]:
    for number, start in enumerate(range(0, len(ids), CHUNK), start=1):
        part = list(ids[start : start + CHUNK])
        yield BulkChunk(operation=operation, number=number, ids=part, size=len(part))


def _forget_abandoned(now: datetime) -> None:
    BulkOperation.objects.filter(
        confirmed_at__isnull=True, created_at__lt=now - FORGOTTEN_AFTER
    ).delete()


def _finish(operation_id: int, *, now: datetime) -> None:
    if BulkOperation.objects.filter(pk=operation_id, finished_at__isnull=True).update(
        finished_at=now
    ):
        log.info("bulk_operation_finished", operation=operation_id)


def _publish_run(operation_id: int) -> None:
    try:
        publisher.send(queues.BULK_RUN, args=[operation_id], queue=queues.PERIODIC)
    except BrokerUnavailable:
        log.debug("bulk_left_to_relay", operation=operation_id)


def _audit(action: str, operation: BulkOperation, *, actor: Actor, reason: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target_type="bulk_operation",
        target_id=str(operation.pk),
        reason=reason,
        data={"action": operation.action, "total": operation.total},
    )
