"""Publishes what has just been committed, or is about to be, from a thread of its own.

Whoever causes a mail answers its client without waiting for the broker, and pays neither for a
message's making nor for a broker that is out of reach. While workers keep up, each mail is a
message of its own, published at once. Where they are behind, what comes within a moment goes out as
one: nobody gets to a mail sooner by its own message, and a task costs as much as sending a mail.

What a killed process had not yet published the relay publishes: the row says when.
"""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from django.db import connection
from django.utils import timezone

from notifications import claims
from notifications.publishing import (
    is_behind,
    publish_ahead,
    publish_live,
    publish_live_batches,
)
from notifications.tickets import Ticketed

log = structlog.get_logger()

MOST_WAITING = 10_000
"""Tickets kept in memory; more than these are left to the relay."""
BATCH = 100
"""Notifications in one message, where workers are behind."""
COLLECTED_FOR = timedelta(milliseconds=100)
LAST_PATIENCE = timedelta(seconds=2)
"""How long a process that ends waits for its last messages to leave."""


class Ahead:
    """Tickets that are announced before their transaction has committed.

    Attributes:
        is_published: whether their messages are out; None until that is known.
        is_committed: whether the transaction has committed.
    """

    def __init__(self, tickets: Sequence[Ticketed]) -> None:
        self.tickets = tickets
        self.is_published: bool | None = None
        self.is_committed = False


class Announcer:
    """The thread of one process, started at the first use (after the fork)."""

    def __init__(
        self,
        publish: Callable[[Sequence[Ticketed]], None],
        *,
        collect: Callable[[], bool],
        publish_ahead: Callable[[Sequence[Ticketed]], bool] = publish_ahead,
    ) -> None:
        """Publish with `publish`, first waiting a moment for more whenever `collect` says so.

        What is announced ahead goes out with `publish_ahead`, which says whether all of it did.
        """
        self._publish = publish
        self._publish_ahead = publish_ahead
        self._collect = collect
        self._thread: threading.Thread | None
        self._begin_anew()
        # A forked child has its parent's tickets, which are the parent's to publish, and no thread.
        os.register_at_fork(after_in_child=self._begin_anew)

    def announce(self, tickets: Sequence[Ticketed]) -> None:
        """Have these published soon. Never blocks, never raises."""
        with self._changed:
            if len(self._waiting) + len(tickets) > MOST_WAITING:
                log.warning("announced_too_much", left_to_relay=len(tickets))
                return
            self._waiting.extend(tickets)
            self._start()
            # Woken for each mail, the thread would take turns with whoever answers requests.
            if len(self._waiting) >= self._wanted:
                self._changed.notify_all()

    def announce_ahead(self, tickets: Sequence[Ticketed]) -> Ahead | None:
        """Have these published soon, although they are not committed yet. Never blocks or raises.

        Returns:
            What is to be told to `committed`; None where mail waits to go out together, and these
            are to be announced as usual when they have committed.
        """
        with self._changed:
            if self._waiting or self._wanted > 1:
                return None
            ahead = Ahead(tickets)
            self._ahead.append(ahead)
            self._start()
            self._changed.notify_all()
            return ahead

    def committed(self, ahead: Ahead) -> bool:
        """Take note of a commit; return whether what was announced ahead of it need not be again.

        What is being published just now, and fails, is announced again without anybody asking.
        """
        with self._changed:
            ahead.is_committed = True
            if ahead in self._ahead:  # whatever holds up the thread
                self._ahead.remove(ahead)
                return False
            return ahead.is_published is not False

    def flush(self, *, within: timedelta = LAST_PATIENCE) -> bool:
        """Wait until all that was announced has been dealt with; return whether it has."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, within.total_seconds())

    def _begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Ticketed] = deque()
        self._ahead: deque[Ahead] = deque()
        self._wanted = 1
        self._busy = False
        self._thread = None

    def _is_idle(self) -> bool:
        return not self._waiting and not self._ahead and not self._busy

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ahead)
                self._busy = True
            try:
                together = self._collect()
                self._go_ahead(together=together)
                if self._waiting:
                    self._publish(self._taken(together=together))
            except Exception as error:  # the thread must outlive whatever this is
                log.exception("announcing_failed", error_class=type(error).__name__)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _go_ahead(self, *, together: bool) -> None:
        """Publish what was announced ahead, unless mail is to go out together now."""
        with self._changed:
            announced = list(self._ahead)
            self._ahead.clear()
        for ahead in announced:
            published = False
            try:
                published = not together and self._publish_ahead(ahead.tickets)
            except Exception as error:  # the others must still hear what became of theirs
                log.exception("announcing_failed", error_class=type(error).__name__)
            with self._changed:
                ahead.is_published = published
                if ahead.is_committed and not published:
                    self._waiting.extend(ahead.tickets)

    def _taken(self, *, together: bool) -> list[Ticketed]:
        with self._changed:
            if together:
                self._wanted = BATCH
                try:
                    self._changed.wait_for(
                        lambda: len(self._waiting) >= BATCH, COLLECTED_FOR.total_seconds()
                    )
                finally:
                    self._wanted = 1
            tickets = list(self._waiting)
            self._waiting.clear()
        return tickets


def _publish_or_leave(tickets: Sequence[Ticketed]) -> None:
    if is_behind() or len(tickets) >= BATCH:
        published = publish_live_batches(tickets, size=BATCH)
    else:
        published = publish_live(tickets)
    if published < len(tickets):
        # Nobody has these: they need not wait for as long as a published message may take.
        try:
            claims.leave_to_relay(tickets[published:], now=timezone.now())
        finally:
            connection.close()  # this thread needs it so rarely that none should stay open


announcer = Announcer(_publish_or_leave, collect=is_behind)
atexit.register(announcer.flush)
