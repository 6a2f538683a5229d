"""Live mail that is announced a moment before its transaction commits.

From here through the broker and a worker to the process that sends it, a message takes as long as
its row takes to be inserted and committed: some two milliseconds. Where commits are quick the
message sets out first, marked (`AWAITS_COMMIT`), and who receives it waits a moment for the row.

Nothing is promised by it. Until the row is there, nothing can be claimed; for what is rolled back a
worker waits in vain, `delivery.COMMIT_PATIENCE` long. What commits late, or could not be announced,
is announced once it has committed: two messages for one mail do no harm.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from notifications.announcing import Ahead, announcer
from notifications.publishing import FEW
from notifications.tickets import Ticketed

QUICK = timedelta(milliseconds=5)
"""Time from a mail's insertion to its commit up to which commits count as quick."""
ENOUGH = 10
"""Credit, of one for each quick commit of a thread, from which on its mail is announced early."""
MOST = 15
SETBACK = 3
"""What a commit that was not quick, or a rollback, takes of it: one in four is too many."""
LATE = timedelta(milliseconds=20)
"""Time from there to the commit after which mail is announced once more. Who waits for the row must
be more patient (`delivery.COMMIT_PATIENCE`), or a mail that commits just in time is missed."""


class _Thread(threading.local):
    credit = 0


_thread = _Thread()


class Announcement:
    """What one `enqueue` is about to make due: announced early, or when it has committed."""

    def __init__(self, tickets: Sequence[Ticketed]) -> None:
        """Announce the tickets now, if that is worth it; the next thing is to write their rows."""
        self._tickets = tickets
        self._began = time.monotonic()
        self._counts = 0 < len(tickets) <= FEW
        self._credit = _thread.credit
        self._ahead: Ahead | None = None
        if self._counts:
            # Until it has committed: a rollback tells nobody of itself.
            _thread.credit = max(self._credit - SETBACK, 0)
            if self._credit >= ENOUGH:
                self._ahead = announcer.announce_ahead(tickets)

    def committed(self, due: Sequence[Ticketed]) -> None:
        """See to it that what has become due is announced, now that it has committed.

        Args:
            due: the tickets, or those of them that were neither there before nor are unwanted.
        """
        took = time.monotonic() - self._began
        is_as_expected = took <= QUICK.total_seconds() and len(due) == len(self._tickets)
        if self._counts and is_as_expected:
            _thread.credit = min(self._credit + 1, MOST)
        is_announced = self._ahead is not None and announcer.committed(self._ahead)
        if not is_announced or took > LATE.total_seconds():
            announcer.announce(due)
