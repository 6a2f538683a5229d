"""What a fake server is told to do next: faults, once each or for good, for one address or all."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

Fault = TypeVar("Fault")
EVERYBODY = ""


class Script(Generic[Fault]):
    """Faults that wait for messages. Safe to change while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queued: dict[str, deque[Fault]] = {}
        self._standing: dict[str, Fault] = {}

    def queue(self, *faults: Fault, to: str = EVERYBODY) -> None:
        """Apply each fault to one message, in order; then all is well again."""
        with self._lock:
            self._queued.setdefault(to, deque()).extend(faults)

    def always(self, fault: Fault, *, to: str = EVERYBODY) -> None:
        """Apply the fault to every message."""
        with self._lock:
            self._standing[to] = fault

    def take(self, recipients: Iterable[str] = ()) -> Fault | None:
        """Return the fault for the next message to these recipients, or None: it goes well.

        What is meant for a recipient comes before what is meant for everybody, and what is queued
        before what stands.
        """
        with self._lock:
            keys = [*recipients, EVERYBODY]
            for key in keys:
                if queue := self._queued.get(key):
                    return queue.popleft()
            return next((self._standing[key] for key in keys if key in self._standing), None)
