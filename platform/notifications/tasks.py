"""Celery's doors to the use cases. A task that is lost, doubled or late does no harm."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Never
from uuid import UUID

from celery import Task, chain, shared_task
from django.conf import settings
from django.utils import timezone

from access import write_ahead_log
from notifications import bulk, daily_report, erasure, heartbeats, queues, rollup_upkeep, tracking
from notifications.auditing import audit as audit_once
from notifications.delivery import deliver_live, deliver_together
from notifications.publishing import publish_later, shortest_delay
from notifications.relay import relay as relay_once
from notifications.tickets import AWAITS_COMMIT, Ticketed

if TYPE_CHECKING:  # generic to the type checker only
    CeleryTask = Task[Any, Any]
else:
    CeleryTask = Task


ERASE_FOR = timedelta(seconds=15)
"""A quarter of the time between two runs, so that the rest is the backlog's."""


class RetrySoon(Exception):
    """An attempt failed, and its row says when the next is due; not an error of the task."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at.isoformat())
        self.at = at


class DeliveryTask(CeleryTask):
    """Celery's autoretry, timed by the row.

    Autoretry ends in `retry()`, whatever its options; here it takes the time that was decided and
    committed before. `retries` in the retried message is the presented ticket plus one, which is
    what the claim made of the row's ticket. Should publishing it fail, the relay has the row.
    """

    abstract = True

    def retry(self, *, exc: Exception | None = None, **options: Any) -> Never:  # type: ignore[override]  # only ever called by keyword
        """Publish the next attempt for the time that its row holds."""
        if isinstance(exc, RetrySoon):
            # Never early: a claim before its time is refused.
            wait = max((exc.at - timezone.now()).total_seconds(), 0) + 0.05
            wait = max(wait, shortest_delay().total_seconds())
            options |= {"countdown": wait, "max_retries": None}
        raise super().retry(exc=exc, **options)


LONGEST_DELIVERY = 5 * int(settings.CLAIM_DURATION.total_seconds()) + 60
"""Seconds after which a child that is stuck (stopped, or waiting for a dead disk) is killed.

Far beyond what a delivery can take: a batch is bounded by two claims and the time to record. The
main process kills; journal and claims then say what became of the mails.
"""


@shared_task(
    name=queues.DELIVER,
    base=DeliveryTask,
    bind=True,
    queue=queues.LIVE,
    autoretry_for=(RetrySoon,),
    retry_backoff=True,
    retry_jitter=True,
    max_retries=None,
    time_limit=LONGEST_DELIVERY,
)
def deliver(self: CeleryTask, notification_id: str) -> None:
    """Attempt one notification, with the ticket in the message's `retries` header."""
    ticketed = Ticketed(UUID(notification_id), self.request.retries)
    report = deliver_live(ticketed, awaits_commit=bool(self.request.get(AWAITS_COMMIT)))
    now = timezone.now()
    for delivered in report.delivered:
        if (at := delivered.retry_in_broker(now=now)) is not None:
            raise RetrySoon(at)
    if (at := report.comes_back_at(now=now)) is not None:
        # With the same ticket, in the same queue: waiting for a provider must not cost live mail
        # its place ahead of the backlog.
        publish_later(ticketed, at=at)


@shared_task(
    name=queues.DELIVER_BATCH, bind=True, queue=queues.BACKLOG, time_limit=LONGEST_DELIVERY
)
def deliver_batch(self: CeleryTask, tickets: list[tuple[str, int]]) -> None:
    """Attempt a batch of notifications; what fails waits in its row for the relay."""
    batch = [Ticketed(UUID(identifier), ticket) for identifier, ticket in tickets]
    came_from = (self.request.delivery_info or {}).get("routing_key")
    deliver_together(batch, is_live=came_from == queues.LIVE)


@shared_task(name=queues.RELAY, queue=queues.PERIODIC)
def relay() -> None:
    """Sweep once, and show that beat, broker and worker reach each other."""
    relay_once()
    tracking.apply_waiting()
    bulk.resume()
    write_ahead_log.shorten(after=partial(heartbeats.beat, "relay", "relay"))


@shared_task(name=queues.APPLY_REPORTS, queue=queues.PERIODIC)
def apply_reports(event_ids: list[int]) -> None:
    """Apply what a provider's webhook has just reported."""
    tracking.apply(event_ids)


@shared_task(name=queues.AUDIT, queue=queues.PERIODIC)
def audit() -> None:
    """Look for broken promises; what is found is kept and shown."""
    audit_once()


@shared_task(name=queues.ERASE, queue=queues.BACKLOG)
def erase() -> None:
    """Erase for a while what is past its retention; beat asks again while there is more.

    In the backlog's queue: a process that erases must not be missing where live mail is sent.
    """
    erasure.erase_old(within=ERASE_FOR)


@shared_task(name=queues.BULK_RUN, queue=queues.PERIODIC)
def bulk_run(operation_id: int) -> None:
    """Begin, or go on with, a bulk operation."""
    bulk.run(operation_id)


@shared_task(name=queues.BULK_CHUNK, queue=queues.PERIODIC)
def bulk_chunk(chunk_id: int) -> None:
    """Do one part of a bulk operation, and publish the next parts after the last of its group."""
    bulk.run_chunk(chunk_id)


@shared_task(name=queues.KEEP_ROLLUPS, queue=queues.PERIODIC)
def keep_rollups() -> None:
    """Count what was enqueued, and keep the rollups small."""
    rollup_upkeep.keep_up()


@shared_task(name=queues.REPORT, queue=queues.PERIODIC)
def start_report() -> None:
    """Begin yesterday's report, if it is time and nobody has sent it."""
    day = daily_report.due(now=timezone.now())
    if day is not None:
        chain(collect_report.s(day.isoformat()), send_report.s(day.isoformat())).apply_async()


@shared_task(name=queues.COLLECT_REPORT, queue=queues.PERIODIC)
def collect_report(day: str) -> dict[str, Any]:
    """Read a day's figures."""
    return daily_report.collect(date.fromisoformat(day), now=timezone.now())


@shared_task(name=queues.SEND_REPORT, queue=queues.PERIODIC)
def send_report(context: dict[str, Any], day: str) -> None:
    """Enqueue the mail of what was collected; once, however often it is asked for."""
    daily_report.send(date.fromisoformat(day), context)
