"""The periodic sweep that makes every loss of a message or a worker harmless.

Looks only at open rows whose time has come, by partial indexes:

1. the journals of this host's dead workers are replayed (`recovery`);
2. claims that expired are taken back and counted as lost attempts;
3. mail whose time is over, or whose outcome nobody told in that time, becomes a dead letter;
4. what is due and held by nobody is published, in batches, as far as the broker's queue has room.

Each step is a compare-and-set, so two relays at once do no harm: every row is moved by one of them.
The first two steps are left to one relay of a host at a time: journals say of expired claims what
became of their mails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from access.prepared import prepared_cursor
from access.stored_values import stored
from notifications import journal, queues, retries
from notifications.models import Notification
from notifications.publishing import BATCH, BrokerUnavailable, publish_batch, publisher
from notifications.recording import record
from notifications.recovery import lost, replay_journals
from notifications.settlements import Settlement, ended
from notifications.states import CLAIMABLE, Status
from notifications.tickets import Ticketed

log = structlog.get_logger()

SWEEP = 600
"""Rows that one step takes up at a time; a step repeats while it finds a full sweep."""
CLOCKS_DIFFER = timedelta(seconds=3)
"""How far the clock of this host may be ahead of a worker's on another one."""
EXPIRING = CLAIMABLE | {Status.UNKNOWN}
SOME_TIME = datetime(2001, 1, 1, tzinfo=UTC)
"""Stands for the time in a statement that is kept (`_first`), and for no time that is asked for."""
REPUBLISH_AFTER = timedelta(seconds=60)
"""How long a published batch may take to be claimed before it is published again."""


@dataclass(frozen=True, kw_only=True)
class Relayed:
    """How many rows each step of one sweep moved."""

    recovered: int
    expired: int
    published: int


def relay() -> Relayed:
    """Sweep once; return what was moved. A broker that is out of reach ends the last step only."""
    with journal.one_at_a_time() as is_alone:
        # What another sweep is about to record must not be taken for lost by this one.
        recovered = replay_journals() + recover_expired_claims() if is_alone else 0
    expired = expire_overdue()
    published = publish_due()
    swept = Relayed(recovered=recovered, expired=expired, published=published)
    if recovered or expired or published:
        log.info("relayed", recovered=recovered, expired=expired, published=published)
    return swept


# Each of these is answered from a partial index of its own, however many rows are finished and
# however many wait; `docs/architecture.md` shows the plans. Ordering by anything but the index's
# column makes PostgreSQL leave the index.


def expired_claims(now: datetime) -> QuerySet[Notification]:
    """Return the claims that have expired, oldest first."""
    # A claim is there only while sending (a constraint); naming the status would only mislead the
    # planner to the index by status.
    return Notification.objects.filter(claim_expires_at__lte=now).order_by("claim_expires_at")


def overdue(now: datetime) -> QuerySet[Notification]:
    """Return the mail that nobody is sending and that is no longer worth it."""
    return Notification.objects.filter(
        relay_at__isnull=False, claim_expires_at__isnull=True, expires_at__lte=now
    ).order_by("expires_at")


def due(now: datetime) -> QuerySet[Notification]:
    """Return the mail that is to be published, longest due first."""
    waiting = Notification.objects.now_in(CLAIMABLE)
    return waiting.filter(relay_at__lte=now).order_by("relay_at")


Find = Callable[[datetime], QuerySet[Notification]]


def _rows(find: Find, at: datetime) -> list[Notification]:
    """Return a sweep of what `find` finds; there is a row, or the ORM is spared."""
    return list(find(at)[:SWEEP]) if _finds(find, at) else []


def _finds(find: Find, at: datetime) -> bool:
    """Return whether a query finds anything.

    Most of the time it does not, and the ORM takes longer to say it than the database to answer.
    """
    statement, parameters = _first(find, connection.vendor)
    moment = stored(Notification, "relay_at")
    some, this = moment(SOME_TIME), moment(at)
    with prepared_cursor(connection.alias) as cursor:
        cursor.execute(statement, [this if one == some else one for one in parameters])
        return cursor.fetchone() is not None


@cache
def _first(find: Find, vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement for the first row that `find` finds at `SOME_TIME`."""
    del vendor  # a key of the cache: each database has its own form of times
    return find(SOME_TIME).values("pk")[:1].query.sql_with_params()


def recover_expired_claims() -> int:
    """Take back claims whose worker has not been heard of in time; return how many."""
    recovered = 0
    while True:
        now = timezone.now()
        rows = _rows(expired_claims, now - CLOCKS_DIFFER)
        recovered += record([lost(row, now=now) for row in rows])
        if len(rows) < SWEEP:
            return recovered


def expire_overdue() -> int:
    """End mail that is no longer worth sending, or was in doubt for as long; return how many."""
    ended_count = 0
    while True:
        now = timezone.now()
        rows = _rows(overdue, now)
        ended_count += record([_expired(row, now=now) for row in rows])
        if len(rows) < SWEEP:
            return ended_count


def _expired(row: Notification, *, now: datetime) -> Settlement:
    settlement = ended(row, to=Status.FAILED, code=retries.DeadLetterReason.EXPIRED, at=now)
    settlement.held_in = EXPIRING
    if row.status == Status.UNKNOWN:
        # Still in doubt, and no longer waited for; what is known of it stays to be read.
        settlement.changes = {
            "error_kind": Status.UNKNOWN.value,
            "error_code": retries.DeadLetterReason.UNRESOLVED,
        }
    return settlement


def publish_due() -> int:
    """Publish what is due and held by nobody, while the backlog queue has room; return how many."""
    published = 0
    try:
        room = settings.BROKER_QUEUE_BOUND // BATCH + 1 - publisher.depth(queues.BACKLOG)
        while room > 0 and (tickets := _take_due(min(room, SWEEP // BATCH) * BATCH)):
            for start in range(0, len(tickets), BATCH):
                batch = tickets[start : start + BATCH]
                publish_batch(batch)
                published += len(batch)
                room -= 1
    except BrokerUnavailable:
        # The rows taken last come due again after REPUBLISH_AFTER.
        log.warning("relay_found_no_broker", published=published)
    return published


def _take_due(most: int) -> list[Ticketed]:
    """Take up to `most` due rows for publishing; nobody else publishes them meanwhile."""
    now = timezone.now()
    if not _finds(due, now):
        return []
    found = due(now)[:most].values_list("pk", flat=True)
    taken = (
        Notification.objects.now_in(CLAIMABLE)
        .filter(pk__in=list(found), relay_at__lte=now)
        .update_returning(fields=["ticket"], relay_at=now + REPUBLISH_AFTER)
    )
    return [Ticketed(row.pk, row.ticket) for row in taken]
