"""Whether a process still works: judged by the heartbeat file that it touches."""

import time
from datetime import timedelta
from pathlib import Path

from config.heartbeats import STALE_AFTER

FIRST_BEAT_WITHIN = timedelta(seconds=90)
"""A slow machine may take long to start a worker, and one that is killed never starts."""
LONGEST_GAP = 5.0  # seconds between two looks; beyond it, it is we who slept


class HeartbeatWatch:
    """Looks at one heartbeat file, in the time that the watcher itself lives through.

    The file's time is compared with its own earlier one and never with the clock: after a laptop's
    sleep, or Ctrl-Z, every file is old although nothing hangs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: int | None = None
        self._looked_at = self._changed_at = time.monotonic()

    @property
    def has_beaten(self) -> bool:
        """Say whether there ever was a sign of life."""
        return self._seen is not None

    def is_stale(self) -> bool:
        """Look, and say whether the process has been silent for too long."""
        now = time.monotonic()
        slept = now - self._looked_at
        if slept > LONGEST_GAP:
            self._changed_at += slept
        self._looked_at = now
        written = self._written()
        if written is not None and written != self._seen:
            self._seen, self._changed_at = written, now
        patience = STALE_AFTER if self.has_beaten else FIRST_BEAT_WITHIN
        return now - self._changed_at > patience.total_seconds()

    def _written(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None
