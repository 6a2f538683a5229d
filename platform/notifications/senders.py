"""The threads of this process that send, each with connections of its own.

They do nothing but hand over: rendering, the database and all decisions that need it stay with the
thread that claimed. Made when first needed (after the fork), they end when idle for as long as a
connection is kept.
"""

import os
import queue
import threading
from collections.abc import Callable
from contextvars import Context, copy_context

import structlog

from providers import connections

log = structlog.get_logger()

Work = Callable[[], None]


class Senders:
    """A pool that grows as it is asked to and shrinks by itself."""

    def __init__(self) -> None:
        self._owner = 0
        self._lock = threading.Lock()
        self._work: queue.Queue[tuple[Context, Work]] = queue.Queue()
        self._threads: set[threading.Thread] = set()

    def start(self, count: int, work: Work) -> None:
        """Have `count` threads do `work`, which must not raise."""
        if self._owner != os.getpid():  # threads do not survive a fork, and locks may be held
            self.__init__()  # type: ignore[misc]  # as a new process would
            self._owner = os.getpid()
        with self._lock:
            while len(self._threads) < count:
                thread = threading.Thread(target=self._run, name="sender", daemon=True)
                self._threads.add(thread)
                thread.start()
            for _ in range(count):
                self._work.put((copy_context(), work))

    def _run(self) -> None:
        while (item := self._next()) is not None:
            context, work = item
            context.run(work)
        connections.reset()

    def _next(self) -> tuple[Context, Work] | None:
        try:
            return self._work.get(timeout=connections.LONGEST_IDLE.total_seconds())
        except queue.Empty:
            with self._lock:
                if not self._work.empty():  # put between the two
                    return self._work.get()
                self._threads.discard(threading.current_thread())
                return None


senders = Senders()
