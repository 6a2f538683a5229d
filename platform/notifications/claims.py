"""A worker's time-limited right to attempt a notification: claim, release, postpone."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Least

from access.loaded_rows import execute_returning
from access.prepared import prepared_cursor
from access.stored_values import rows_query, stored
from notifications.models import Notification, NotificationQuerySet
from notifications.publishing import PUBLISHED_GRACE
from notifications.states import CLAIMABLE, Status
from notifications.suppressions import is_listed, is_plain, suppressed
from notifications.tickets import Ticketed

# By hand: it stands between an event and its mail, and the ORM takes longer to make it than the
# database to execute it. Asked for its state alone SQLite would read all that waits: see `now_in`.
_CLAIM = """
    WITH presented(held_id, held_ticket) AS ({rows})
    UPDATE notifications_notification
    SET status = %s, ticket = ticket + 1, claim_expires_at = %s, relay_at = %s
    FROM presented
    WHERE id = held_id AND ticket = held_ticket AND (status || '') IN ({statuses})
    AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
"""

LOOKS_EVERY = timedelta(milliseconds=0.5)
"""How often it is looked whether a row has come."""
_SENDING = Status.SENDING.value
_CLAIMABLE = sorted(status.value for status in CLAIMABLE)
NEEDED = (
    "event",
    "locale",
    "recipient",
    "recipient_name",
    "context",
    "reply_to",
    "tags",
    "message_id",
    "traceparent",
    "status",
    "ticket",
    "attempt_count",
    "budget_attempt_base",
    "doubted_ticket",
    "lost_count",
    "claim_expires_at",
    "expires_at",
    "created_at",
    "send_at",
)
"""What an attempt takes to be made and recorded. The other half of the columns is not read."""


def claim(tickets: Iterable[Ticketed], *, now: datetime) -> list[Notification]:
    """Take the notifications whose tickets are still the current ones and that are due.

    One compare-and-set: a doubled, late or early message finds its ticket taken, or its time not
    come, and claims nothing. The ticket rises, which fences whoever held an older one.

    Returns:
        The rows, with the columns in `NEEDED`; any other is read when it is asked for. Each says
        whether its recipient `is_unwanted`: is on the suppression list.
    """
    # In one order everywhere, so that two that claim the same rows wait and do not deadlock.
    presented = sorted(set(tickets), key=_number)
    if not presented:
        return []
    moment = stored(Notification, "relay_at")
    query, parameters = rows_query(
        Notification, ("id", "ticket"), [(one.id, one.ticket) for one in presented]
    )
    expires = moment(expiry(now))
    claimed = execute_returning(
        Notification,
        _statement(query),
        [*parameters, _SENDING, expires, expires, *_CLAIMABLE, moment(now)],
        fields=NEEDED,
        using=connection.alias,
        computed=_computed(connection.vendor),
        comes_again=True,
    )
    asked_for = suppressed(row.recipient for row in claimed if not is_plain(row.recipient))
    for row in claimed:
        row.is_unwanted = bool(row.is_unwanted) or row.recipient in asked_for
    return claimed


def _number(ticketed: Ticketed) -> int:
    return ticketed.id.int  # what UUIDs compare too, but in Python


def come(tickets: Sequence[Ticketed], *, within: timedelta) -> bool:
    """Wait for rows that another transaction is about to commit; return whether all have come."""
    deadline = time.monotonic() + within.total_seconds()
    while not all(_is_there(ticketed.id) for ticketed in tickets):
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOKS_EVERY.total_seconds())
    return True


def _is_there(identifier: UUID) -> bool:
    with prepared_cursor(connection.alias) as cursor:
        key = stored(Notification, "id")(identifier)
        cursor.execute("SELECT 1 FROM notifications_notification WHERE id = %s", [key])
        return cursor.fetchone() is not None


@lru_cache(maxsize=256)
def _statement(presented: str) -> str:
    return _CLAIM.format(rows=presented, statuses=", ".join(["%s"] * len(_CLAIMABLE)))


@cache
def _computed(vendor: str) -> dict[str, str]:
    del vendor  # a key of the cache: each database folds addresses its own way
    return {"is_unwanted": is_listed("recipient")}


def expiry(now: datetime) -> datetime:
    """Return when a claim that is made `now` expires."""
    return now + settings.CLAIM_DURATION


def waiting_live(*, most: int, now: datetime) -> list[Ticketed]:
    """Return mail that was published when its cause committed and that nobody has taken since.

    What was retried, given back or published by the relay has another `relay_at` than that.
    """
    found = _published(now).values_list("pk", "ticket", "created_at", "relay_at")[:most]
    return [
        Ticketed(identifier, ticket)
        for identifier, ticket, created_at, relay_at in found
        if relay_at and relay_at - created_at == PUBLISHED_GRACE
    ]


def waiting(*, most: int, now: datetime) -> list[Ticketed]:
    """Return mail that was published and that nobody has taken yet, the oldest first."""
    found = _published(now).filter(_come(now)).values_list("pk", "ticket")
    return [Ticketed(*one) for one in found[:most]]


def _published(now: datetime) -> NotificationQuerySet:
    queued = Notification.objects.now_in([Status.QUEUED])
    return queued.filter(relay_at__gt=now, relay_at__lte=now + PUBLISHED_GRACE).order_by("relay_at")


def release(claimed: Iterable[Notification], *, at: datetime) -> int:
    """Give claims back unused, to be published by the relay from `at` on; no attempt is burnt."""
    return Notification.objects.filter(
        _presented(Ticketed(row.id, row.ticket) for row in claimed)
    ).move(
        Status.QUEUED,
        only_from=[Status.SENDING],
        claim_expires_at=None,
        next_attempt_at=None,
        relay_at=at,
    )


def postpone(
    tickets: Iterable[Ticketed], *, until: datetime, now: datetime, relay_at: datetime | None = None
) -> int:
    """Let due notifications wait in the database: no provider may take them before `until`.

    The relay may publish them from then (or from `relay_at`) on, or when they expire, so that
    they end in time. Whoever looks at a mail that has not been tried yet is told why; one that is
    retried keeps its last error.
    """
    # Not those whose own time has not come: the relay would publish them early, once a minute.
    waiting = Notification.objects.now_in(CLAIMABLE).filter(_presented(tickets), _come(now))
    postponed = waiting.update(relay_at=Least(relay_at or until, F("expires_at")))
    waiting.now_in([Status.QUEUED]).update(
        error_kind="waiting",
        error_code="no_provider",
        error_summary=f"No provider takes mail before {until:%H:%M:%S} UTC.",
    )
    return postponed


def leave_to_relay(tickets: Iterable[Ticketed], *, now: datetime) -> int:
    """Let the relay publish at its next sweep what was just enqueued and could not be published."""
    queued = Notification.objects.now_in([Status.QUEUED])
    return queued.filter(_presented(tickets)).update(relay_at=now)


def _come(now: datetime) -> Q:
    """Return the predicate "its next attempt is due"."""
    return Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now)


def _presented(tickets: Iterable[Ticketed]) -> Q:
    """Return the predicate "this row, with this ticket"; a backlog has few different tickets."""
    by_ticket: dict[int, list[UUID]] = defaultdict(list)
    for ticketed in tickets:
        by_ticket[ticketed.ticket].append(ticketed.id)
    predicate = Q(pk__in=[])
    for ticket, ids in by_ticket.items():
        predicate |= Q(ticket=ticket, pk__in=ids)
    return predicate
