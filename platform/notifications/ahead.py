"""Makes the next mail while a provider takes the one before it."""

import time
from collections.abc import Iterator

from notifications.handover import Ready
from notifications.settlements import Settlement

QUICK = 0.005
"""Seconds. An answer is read when the next mail has been made, and what its provider took for it
is known no better than that; and who makes mails for longer gains little by not waiting."""

Made = Ready | Settlement
"""A mail that was made, or how one ended without."""


class Ahead:
    """Gives what `made` gives, and has the next one made before it is asked for.

    `seconds` is how long all of it took to make.
    """

    def __init__(self, made: Iterator[Made]) -> None:
        self._made = made
        self._waiting: Made | Exception | None = None
        self._last = 0.0
        self.seconds = 0.0

    @property
    def is_quick(self) -> bool:
        """Whether the last one was made so quickly that the next may be while an answer is due."""
        return self._last <= QUICK

    def make(self) -> None:
        """Make the next one, to be taken later; a mistake that this brings up is, too."""
        if self._waiting is not None:
            return
        started = time.monotonic()
        try:
            self._waiting = next(self._made, None)
        except Exception as error:  # noqa: BLE001  for who takes it: it is not the provider's
            self._waiting = error
        self._last = time.monotonic() - started
        self.seconds += self._last

    def take(self) -> Made | None:
        """Return the next one, or None when there are no more."""
        self.make()
        taken, self._waiting = self._waiting, None
        if isinstance(taken, Exception):
            raise taken
        return taken

    def given_up(self) -> Made | None:
        """Return what was made and not taken."""
        waiting, self._waiting = self._waiting, None
        return None if isinstance(waiting, Exception) else waiting
