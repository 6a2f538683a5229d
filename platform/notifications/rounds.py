"""A claimed batch on its way to the providers.

The thread that claimed makes the mails and yields what became of them, to be recorded. While
providers answer at once it also hands them over, one by one, and makes the next one meanwhile
(`ahead`); where they take their time (`pace`), threads of the pool do (`senders`), and each has one
mail under way. Those would stand still one after the other while the last answers of a batch are
waited for, so a round that has threads goes on with more mail of the backlog (`more`) for as long
as that is to be had.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue

import structlog
from django.utils import timezone

from notifications import retries
from notifications.ahead import Ahead, Made
from notifications.allowance import Allowance
from notifications.handover import Ready, hand_over, outlives_a_send, time_needed
from notifications.journal import Journal
from notifications.making import NobodyLeft, is_ready_made, make
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from notifications.pace import pace
from notifications.senders import senders
from notifications.settlements import Settlement, after_failure, ended
from notifications.states import Status
from providers import idle
from templating import live
from templating.errors import RenderingError

log = structlog.get_logger()

Work = SimpleQueue[Ready | None]
Done = SimpleQueue[Settlement | Notification | BaseException]
"""What became of a mail; the row of one that was given back; or a mistake of ours."""


More = Callable[[int], Sequence[Notification]]
"""Claims so many more mails of the backlog at most and adds a permit for them; none at the end."""


Timed = tuple[Settlement | None, float | None]
"""What a hand-over came to, and the seconds that it waited for its provider."""


def nothing_more(_most: int) -> Sequence[Notification]:
    """Take on nothing."""
    return ()


class Round:
    """One claimed batch. `left` holds what was not begun: to be released when the round is over."""

    def __init__(
        self,
        claimed: Sequence[Notification],
        *,
        allowance: Allowance,
        journal: Journal,
        more: More = nothing_more,
    ) -> None:
        self.left = deque(claimed)
        self._allowance = allowance
        self._journal = journal
        self._more = more
        self._goes_on = True
        self._needed = time_needed()

    def settlements(self) -> Generator[Settlement, None, None]:
        """Yield what becomes of each notification, as it becomes known.

        Ends early when no provider may take the rest, or the claims' time is too short for it.
        """
        try:
            # Here and before each hand-over: the database is asked every two seconds at most, and
            # never while an answer is due.
            live.refresh()
            while self.left and self._goes_on:
                threads = pace.threads(mails=len(self.left))
                yield from self._in_threads(threads) if threads > 1 else self._one_by_one()
        finally:
            self._allowance.give_back()

    def _one_by_one(self) -> Iterator[Settlement]:
        """Hand over in this thread, until there is nothing left or threads are worth it."""
        ahead, current = Ahead(self._made()), None
        while True:
            # The last one before threads take over is followed by none of this thread's.
            last = current is not None and pace.threads(mails=len(self.left)) > 1
            following = None if last else ahead.take()
            if isinstance(following, Settlement):
                yield following
                continue
            if current is not None:
                settlement, waited = self._hand_over_ahead(current, following, ahead)
                if waited is not None:
                    pace.waited(waited)
                if settlement is None:
                    self._give_back(current, following, ahead.given_up())
                    return
                yield settlement
            current = following
            if current is None:
                self._give_back(ahead.given_up())
                return

    def _hand_over_ahead(self, current: Ready, following: Ready | None, ahead: Ahead) -> Timed:
        """Hand over `current`; what comes after `following` is made while its answer is due."""
        live.refresh()
        send = partial(self._hand_over, current, following=following)
        if following is None or not (ahead.is_quick and self._next_needs_no_query()):
            return _timed(send)
        with idle.meanwhile(ahead.make):
            return _timed(send, ahead=ahead)

    def _next_needs_no_query(self) -> bool:
        """Return whether the next mail can be made without the database.

        That may keep who asks it waiting, until an answer that has come is too late to be believed.
        """
        return bool(self.left) and not is_ready_made(self.left[0])

    def _in_threads(self, count: int) -> Iterator[Settlement]:
        """Make the mails here, and let `count` threads hand them over."""
        work, done = Work(), Done()
        waits: list[float] = []
        senders.start(count, partial(self._send, work, done, waits, count))
        under_way = 0
        try:
            # Twice as many as threads at a time: what is taken on is soon sent, and little is left
            # if it cannot be.
            for made in self._made(takes_on=2 * count):
                live.refresh()
                if isinstance(made, Settlement):
                    yield made
                    continue
                work.put(made)
                under_way += 1
                # Twice as many as threads: none of them waits for us, nor is all of it made ahead.
                while under_way >= 2 * count or (under_way and not done.empty()):
                    under_way -= 1
                    yield from self._taken(done.get())
            for _ in range(count):
                work.put(None)
            while under_way:
                under_way -= 1
                yield from self._taken(done.get())
        finally:
            # If recording failed: nothing may be under way when the journal is read.
            self._goes_on = self._goes_on and not under_way
            for _ in range(count):
                work.put(None)
            for _ in range(under_way):
                done.get()
        # The shortest: the others waited for each other as well.
        pace.always_waited(min(waits, default=0.0))

    def _taken(self, item: Settlement | Notification | BaseException) -> Iterator[Settlement]:
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, Settlement):
            yield item
        else:
            self.left.append(item)

    def _send(self, work: Work, done: Done, waits: list[float], threads: int) -> None:
        """Hand over what `work` brings, in a thread of the pool; each brings one item of `done`."""
        ready = work.get()
        while ready is not None:
            following = _look_ahead(work, threads=threads)
            try:
                settlement, waited = _timed(partial(self._hand_over, ready, following=following))
                waits += [] if waited is None else [waited]
                done.put(ready.notification if settlement is None else settlement)
            except BaseException as error:  # noqa: BLE001  for the thread that claimed to raise
                self._goes_on = False
                done.put(error)
            ready = following or work.get()

    def _hand_over(self, ready: Ready, *, following: Ready | None) -> Settlement | None:
        """Hand over one mail, or return None if nothing more may be begun."""
        # A slow provider may have used up the claims' time, or the last one's breaker opened: the
        # rest goes back, unharmed, to be shared out anew.
        now = timezone.now()
        may_begin = self._goes_on and outlives_a_send(
            ready.notification, now=now, needed=self._needed
        )
        chain = self._allowance.chain() if may_begin else ()
        if not chain:
            self._goes_on = False
            return None
        return hand_over(ready, chain=chain, journal=self._journal, at=now, following=following)

    def _made(self, *, takes_on: int = 0) -> Iterator[Ready | Settlement]:
        while self._goes_on and (self.left or self._take_on(takes_on)):
            row = self.left.popleft()
            yield prepare(row)

    def _take_on(self, most: int) -> bool:
        """Add up to `most` newly claimed mails to what is left; return whether there are any."""
        more = self._more(most) if most else ()
        if not more:
            return False
        self.left.extend(more)
        return True

    def _give_back(self, *mails: Made | None) -> None:
        rows = [mail.notification for mail in mails if mail is not None]
        self.left.extendleft(reversed(rows))


def prepare(row: Notification) -> Ready | Settlement:
    """Make the mail of a claimed notification, or return how it ends without one."""
    now = timezone.now()
    if row.expires_at <= now:
        return ended(row, to=Status.FAILED, code=retries.DeadLetterReason.EXPIRED, at=now)
    if row.is_unwanted and not is_ready_made(row):  # which may have other recipients
        return ended(row, to=Status.SUPPRESSED, code="suppressed", at=now)
    try:
        made = make(row)
        return Ready(notification=row, message=made.message, rendered=made.rendered)
    except NobodyLeft:
        return ended(row, to=Status.SUPPRESSED, code="suppressed", at=now)
    except RenderingError as error:
        return _after_failed_rendering(row, error, code=error.code, started_at=now)
    except Exception as error:
        # A mistake of ours must cost one mail, not the batch, and must not come back for ever.
        log.exception("mail_cannot_be_made", notification=str(row.id))
        return _after_failed_rendering(row, error, code="internal_error", started_at=now)


def _timed(send: Callable[[], Settlement | None], *, ahead: Ahead | None = None) -> Timed:
    """Return what `send` does, and how long it waited for a provider that took the mail at once.

    A failure says nothing of a provider's pace: more threads would only fail more at a time.
    `ahead` is what else may be done meanwhile.
    """
    started, made = time.monotonic(), ahead.seconds if ahead else 0.0
    worked = time.thread_time() if pace.is_slow else None
    settlement = send()
    if settlement is None or settlement.to != Status.SENT or len(settlement.attempts) > 1:
        return settlement, None
    took = time.monotonic() - started
    # What this thread worked itself is asked of the kernel, which takes its time: only where it
    # makes a difference. Otherwise all that counts is what it made.
    if worked is not None:
        return settlement, took - (time.thread_time() - worked)
    return settlement, took - (ahead.seconds - made if ahead else 0.0)


def _look_ahead(work: Work, *, threads: int) -> Ready | None:
    """Take the mail to be sent after the present one, if there is more than the others need."""
    if work.qsize() <= threads:
        return None
    try:
        found = work.get_nowait()
    except Empty:
        return None
    if found is None:
        work.put(None)
    return found


def _after_failed_rendering(
    row: Notification, error: Exception, *, code: str, started_at: datetime
) -> Settlement:
    now = timezone.now()
    attempt = DeliveryAttempt(
        notification=row,
        ticket=row.ticket,
        number=row.attempt_count + 1,
        phase=Phase.RENDER,
        outcome=AttemptOutcome.RENDERING,
        error_code=code,
        # A rendering error holds names and lines; any other might hold the data itself.
        summary=str(error)[:500] if isinstance(error, RenderingError) else type(error).__name__,
        started_at=started_at,
        duration=now - started_at,
    )
    failure = retries.Failure(outcome=AttemptOutcome.RENDERING, code=code)
    return after_failure(row, failure, attempts=[attempt], now=now)
