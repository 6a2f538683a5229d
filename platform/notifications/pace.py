"""How many threads are worth it: measured by how long the last mails waited for their provider.

A provider that answers at once is served fastest by one thread, for Python runs one at a time;
one that takes 100 ms is waited for in as many threads as there may be.
"""

import math
from collections import deque

from django.conf import settings

WORTH_A_THREAD = 0.003
"""Seconds of waiting from which on a second mail may go out meanwhile."""
SAMPLES = 16
"""Hand-overs that are looked at; each had to wait so long before threads are used."""
SURELY = 0.02
"""Seconds from which on four are enough: no busy machine lets each of them wait for so long."""
FEW = 4
OWN_WORK = 0.001
"""Seconds that one mail keeps its process busy, about."""


class Pace:
    """What this process remembers of how long providers let it wait."""

    def __init__(self) -> None:
        # The shortest of some: on a busy machine a mail also waits for its turn to run, and threads
        # that wait for the processor and not for a provider only stand in each other's way.
        self._waits: deque[float] = deque(maxlen=SAMPLES)
        self.reset()

    def reset(self) -> None:
        """Know nothing, as a new process does."""
        self.always_waited(0.0)

    def always_waited(self, seconds: float) -> None:
        """Take note that no hand-over of a whole batch waited for less."""
        self._waits.extend([seconds] * SAMPLES)

    def waited(self, seconds: float) -> None:
        """Take note of how long a hand-over waited."""
        self._waits.append(seconds)

    @property
    def is_slow(self) -> bool:
        """Whether the last hand-over waited for so long that another mail might have gone out."""
        return self._waits[-1] >= WORTH_A_THREAD

    def threads(self, *, mails: int) -> int:
        """Return how many threads should send `mails`; 1: the caller's own."""
        if not self.is_slow:
            return 1
        waits = list(self._waits)
        wait = min(waits[-FEW:])
        if wait < SURELY:
            wait = min(waits)
        if wait < WORTH_A_THREAD:
            return 1
        return max(1, min(settings.SENDING_THREADS, mails, 1 + math.ceil(wait / OWN_WORK)))


pace = Pace()
