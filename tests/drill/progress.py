"""One line that says how far a phase is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

WIDTH = 28
QUIET_FOR = 10.0
"""Seconds between two lines where nobody watches a bar."""


class Progress:
    """The progress of one phase; `with` ends its line."""

    def __init__(self, phase: str) -> None:
        self._phase = phase
        self._begun = self._shown = time.monotonic()
        self._bar = sys.stdout.isatty()
        self._last = ""

    def show(self, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` are done."""
        share = min(done / total, 1.0) if total else 1.0
        seconds = time.monotonic() - self._begun
        filled = round(share * WIDTH)
        bar = f"[{'█' * filled}{'·' * (WIDTH - filled)}] " if self._bar else ""
        self._last = f"{self._phase:<22} {bar}{done}/{total} {note} {seconds:.0f} s"
        if self._bar:
            sys.stdout.write(f"\r\x1b[K{self._last}")
        elif time.monotonic() - self._shown > QUIET_FOR:
            self._shown = time.monotonic()
            sys.stdout.write(f"{self._last}\n")
        sys.stdout.flush()

    def __enter__(self) -> Self:
        if self._bar:
            sys.stdout.write(f"{self._phase} …")
            sys.stdout.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        seconds = time.monotonic() - self._begun
        line = self._last or f"{self._phase:<22} {seconds:.0f} s"
        sys.stdout.write(f"\r\x1b[K{line}\n" if self._bar else f"{line}\n")
        sys.stdout.flush()
