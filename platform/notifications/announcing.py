"""Publishes what has just been committed, from a thread of its own.

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
from notifications.publishing import is_behind, publish_live, publish_live_batches
from notifications.tickets import Ticketed

log = structlog.get_logger()

MOST_WAITING = 10_000
"""Tickets kept in memory; more than these are left to the relay."""
BATCH = 100
"""Notifications in one message, where workers are behind."""
COLLECTED_FOR = timedelta(milliseconds=100)
LAST_PATIENCE = timedelta(seconds=2)
"""How long a process that ends waits for its last messages to leave."""


class Announcer:
    """The thread of one process, started at the first use (after the fork)."""

    def __init__(
        self, publish: Callable[[Sequence[Ticketed]], None], *, collect: Callable[[], bool]
    ) -> None:
        """Publish with `publish`, first waiting a moment for more whenever `collect` says so."""
        self._publish = publish
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
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
                self._thread.start()
            # Woken for each mail, the thread would take turns with whoever answers requests.
            if len(self._waiting) >= self._wanted:
                self._changed.notify_all()

    def flush(self, *, within: timedelta = LAST_PATIENCE) -> bool:
        """Wait until all that was announced has been dealt with; return whether it has."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, within.total_seconds())

    def _begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Ticketed] = deque()
        self._wanted = 1
        self._busy = False
        self._thread = None

    def _is_idle(self) -> bool:
        return not self._waiting and not self._busy

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                self._busy = True
            try:
                self._publish(self._taken(together=self._collect()))
            except Exception as error:  # the thread must outlive whatever this is
                log.exception("announcing_failed", error_class=type(error).__name__)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

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
