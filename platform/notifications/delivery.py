"""The way of one email, from a published ticket to a recorded outcome.

`deliver()` takes a list (of one, when live):

1. **Permit**: which providers may take mail now? With none, nothing is claimed, no attempt is
   burnt, and the rows wait in the database until one may.
2. **Claim**: one compare-and-set, committed. A message that was doubled or comes late ends here.
3. **Render and compose**; an expired mail or a suppressed address ends here.
4. **Hand over** along the chain of providers; the next one is tried only with proof that the
   last one did not take it, and only while the claim outlives a send.
5. **Decide** what follows a failure (`retries.decide`).
6. **Record** in one short transaction, fenced by the claim's ticket.

No transaction is open while anything is rendered or sent.
"""

import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from notifications import claims, recovery
from notifications.allowance import Allowance
from notifications.journal import Note, journal
from notifications.models import Notification
from notifications.publishing import BATCH, PUBLISHED_GRACE
from notifications.recording import Recorder, patiently
from notifications.rounds import More, Round
from notifications.settlements import Settlement
from notifications.states import Status
from notifications.tickets import Ticketed
from providers import routing
from templating import live

log = structlog.get_logger()

LONGEST_PAUSE = timedelta(seconds=2)
"""How long a worker may wait for a rate limit between two mails of a batch."""
TAKES_ON_FOR = timedelta(seconds=2)
"""How long a batch that threads send may take on more of the backlog: not so long that a worker
which is to end, or the live queue behind it, would notice."""
WORTH_TAKING_ON = 10
"""Fewer are left to those whose messages are on their way."""
RETRY_IN_BROKER = timedelta(seconds=60)
"""Waits up to here are a Celery countdown; longer ones stay in the database until they are due."""
SPREAD = timedelta(seconds=0.2)
"""How far apart those come back that wait for the same moment."""
COMMIT_PATIENCE = timedelta(milliseconds=30)
"""How long a row is waited for that was announced ahead of its commit."""
BACK_TO_BACK = 0.005
"""Seconds between two live mails of one process below which others must be waiting."""


class _Ended(threading.local):
    at = float("-inf")


_ended = _Ended()
"""When this thread's last live mail ended."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What `deliver` reports of one notification that it claimed."""

    ticketed: Ticketed
    status: Status
    next_attempt_at: datetime | None

    def retry_in_broker(self, *, now: datetime) -> datetime | None:
        """Return the time of a retry that is soon enough to be left to Celery, or None."""
        if self.next_attempt_at is None or self.next_attempt_at - now > RETRY_IN_BROKER:
            return None
        return self.next_attempt_at


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `deliver` did.

    Attributes:
        delivered: one entry per notification that was claimed and tried.
        waiting: those that no provider may take now; nothing was done with them.
        until: when one may, for those that wait.
    """

    delivered: list[Delivered]
    waiting: Sequence[Ticketed] = ()
    until: datetime | None = None

    def comes_back_at(self, *, now: datetime) -> datetime | None:
        """Return when the message of what waits is to come back, or None if the relay publishes it.

        All that wait would ask at the same moment, so that is spread a little.
        """
        if self.until is None or self.until - now > RETRY_IN_BROKER:
            return None
        return self.until + random.uniform(0, 1) * SPREAD  # noqa: S311  no secret


def deliver(
    tickets: Sequence[Ticketed],
    *,
    retries_in_broker: bool,
    comes_back_within: timedelta = timedelta(),
    takes_on_for: timedelta = timedelta(),
    awaits_commit: bool = False,
) -> Report:
    """Attempt the notifications that `tickets` were published for.

    Args:
        tickets: the notifications, each with the ticket that its message carries.
        retries_in_broker: the caller publishes near retries itself; otherwise the relay does.
        comes_back_within: the caller comes back itself for those that need not wait for longer;
            the others are the relay's.
        takes_on_for: how long, with a slow provider, other mail of the backlog may be sent along,
            rather than that threads stand still while the last answers are waited for.
        awaits_commit: their rows may be about to be committed, and are waited for a moment.

    Returns:
        What became of them, and of those that were sent along. Those in neither list are
        somebody else's, or not due.
    """
    _settle_leftover()
    now = timezone.now()
    permit = routing.permit(now=now, wanted=len(tickets))
    waiting = tickets[permit.granted :]
    until = permit.available_at or now + PUBLISHED_GRACE
    if waiting:
        by_caller = until - now <= comes_back_within
        relay_at = until + PUBLISHED_GRACE if by_caller else until
        claims.postpone(waiting, until=until, relay_at=relay_at, now=now)
    granted = tickets[: permit.granted]
    claimed = _claim(granted, now=now) if granted else []
    if granted and not claimed and awaits_commit:
        claimed = _claim_when_committed(granted)
    allowance = Allowance(permit)
    settlements = _settle_claimed(
        claimed,
        allowance=allowance,
        more=partial(_claim_more, allowance=allowance, until=now + takes_on_for),
        retries_in_broker=retries_in_broker,
    )
    delivered = [_delivered(settlement) for settlement in settlements]
    return Report(delivered=delivered, waiting=waiting, until=until if waiting else None)


def deliver_live(ticketed: Ticketed, *, awaits_commit: bool = False) -> Report:
    """Attempt one live mail, and then those that are found waiting behind it.

    Args:
        ticketed: the mail, with the ticket that its message carries.
        awaits_commit: whether its row may still be on its way.
    """
    began = time.monotonic()
    report = deliver(
        [ticketed],
        retries_in_broker=True,
        comes_back_within=RETRY_IN_BROKER,
        awaits_commit=awaits_commit,
    )
    if began - _ended.at < BACK_TO_BACK:
        deliver_waiting()
    _look_ahead()
    _ended.at = time.monotonic()
    return report


def deliver_patiently(tickets: Sequence[Ticketed]) -> None:
    """Deliver a batch at the pace that the providers' rates allow, for a claim's time at most.

    Left to the relay, which comes every few seconds, a rate of 20 in a second would be used for
    the second after each sweep only.
    """
    deadline = timezone.now() + settings.CLAIM_DURATION
    waiting: Sequence[Ticketed] = tickets
    while waiting:
        report = deliver(
            waiting,
            retries_in_broker=False,
            comes_back_within=LONGEST_PAUSE,
            takes_on_for=TAKES_ON_FOR,
        )
        waiting = report.waiting
        if report.until is None or report.until > deadline:
            return
        pause = report.until - timezone.now()
        if pause > LONGEST_PAUSE:
            return
        time.sleep(max(pause.total_seconds(), 0.01))


def deliver_together(tickets: Sequence[Ticketed], *, is_live: bool) -> None:
    """Deliver a batch; what no provider takes now is the relay's.

    A live one does not wait for a rate or a provider: mail that is placed meanwhile is behind it.
    """
    if is_live:
        deliver(tickets, retries_in_broker=False, takes_on_for=TAKES_ON_FOR)
    else:
        deliver_patiently(tickets)


def deliver_waiting() -> int:
    """Deliver live mail that waits for a worker, a batch at once; return how many there were.

    Whose message comes later finds its ticket taken. One message is one mail, and costs Celery as
    much as the mail costs us: where they pile up, the first to run takes those of the others along.
    """
    waiting = claims.waiting_live(most=BATCH, now=timezone.now())
    if waiting:
        deliver_together(waiting, is_live=True)
    return len(waiting)


def _look_ahead() -> None:
    """Learn anew what the next mail is sent by, while none is waiting for it."""
    routing.look_ahead()
    live.refresh_early()


def _claim(tickets: Sequence[Ticketed], *, now: datetime) -> list[Notification]:
    # Noted first: a worker that is killed right after the claim would leave all of it in doubt.
    intended = [Ticketed(one.id, one.ticket + 1) for one in tickets]
    journal.claiming(intended, expires_at=claims.expiry(now))
    claimed = claims.claim(tickets, now=now)
    if claimed:
        journal.claimed([Ticketed(row.id, row.ticket) for row in claimed])
    return claimed


def _claim_when_committed(tickets: Sequence[Ticketed]) -> list[Notification]:
    # Once more at once, without a look: the first claim took as long as most commits still do.
    claimed = _claim(tickets, now=timezone.now())
    if not claimed and claims.come(tickets, within=COMMIT_PATIENCE):
        claimed = _claim(tickets, now=timezone.now())
    return claimed


def _claim_more(most: int, *, allowance: Allowance, until: datetime) -> Sequence[Notification]:
    """Claim up to `most` of what waits to be sent, until it is time to end.

    Half of what there is at most, so that two who do this at the end of a backlog share it. The
    messages that it was published with come later and find their tickets taken.
    """
    now = timezone.now()
    if now >= until:
        return ()
    try:
        found = claims.waiting(most=2 * most, now=now)
    except (OperationalError, InterfaceError):
        # Who records what is under way waits for the database; nothing is lost by not asking.
        return ()
    wanted = found[: len(found) // 2]
    if len(wanted) < WORTH_TAKING_ON:
        return ()
    permit = routing.permit(now=now, wanted=len(wanted))
    # To probe a provider is for who comes with a message of its own.
    usable = permit.granted if permit.probe is None else 0
    claimed: Sequence[Notification] = ()
    try:
        claimed = _claim(wanted[:usable], now=now) if usable else ()
    finally:
        if claimed:
            allowance.add(permit)
        else:
            routing.give_back(permit)
    return claimed


def _settle_claimed(
    claimed: Sequence[Notification], *, allowance: Allowance, more: More, retries_in_broker: bool
) -> list[Settlement]:
    if not claimed:
        journal.clear()
        allowance.give_back()
        return []
    recorder = Recorder()
    try:
        round_ = Round(claimed, allowance=allowance, journal=journal.own, more=more)
        with closing(round_.settlements()) as settlements:
            for settlement in settlements:
                _set_relay(settlement, retries_in_broker=retries_in_broker)
                recorder.add(settlement)
        if round_.left:
            claims.release(round_.left, at=timezone.now())
        recorder.flush()
        _settle_left_out(accounted_for=[*_rows(recorder.recorded), *round_.left])
    except Exception:
        # At once, and not when the claims expire: that would cost each mail of the batch an
        # attempt, and hand over again what has been accepted.
        patiently(_settle_leftover)
        raise
    journal.clear()
    return recorder.recorded


def _settle_leftover() -> None:
    """Settle what this thread noted and could not record, because something broke on the way."""
    if leftover := journal.unrecorded():
        recovery.settle(leftover)
        journal.clear()


def _settle_left_out(*, accounted_for: Iterable[Notification]) -> None:
    """Settle as its notes say what was claimed and neither recorded nor given back.

    That would be a mistake of ours. Without this it would cost the mail an attempt, and the time
    until its claim expires.
    """
    known = {row.pk for row in accounted_for}
    left_out = [
        entry
        for entry in journal.unrecorded()
        if entry.note != Note.CLAIMING and entry.ticketed.id not in known
    ]
    if left_out:
        log.error("claims_left_out", notifications=[str(entry.ticketed.id) for entry in left_out])
        recovery.settle(left_out)


def _rows(settlements: Iterable[Settlement]) -> Iterator[Notification]:
    return (settlement.notification for settlement in settlements)


def _delivered(settlement: Settlement) -> Delivered:
    row = settlement.notification
    return Delivered(
        ticketed=Ticketed(row.id, row.ticket),
        status=settlement.to,
        next_attempt_at=settlement.changes.get("next_attempt_at"),
    )


def _set_relay(settlement: Settlement, *, retries_in_broker: bool) -> None:
    """Say when the relay may publish a retry: when due, or later if the caller publishes it."""
    at: datetime | None = settlement.changes.get("next_attempt_at")
    if at is None:
        return
    by_caller = retries_in_broker and at - settlement.at <= RETRY_IN_BROKER
    settlement.changes["relay_at"] = at + PUBLISHED_GRACE if by_caller else at
