"""The scheduler that `celery beat` runs."""

import socket
import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler

from config import heartbeats

log = structlog.get_logger(__name__)


class HeartbeatScheduler(Scheduler):
    """Keeps the schedule in memory, and shows signs of life.

    Celery's own scheduler keeps the last runs in a file, which a crash can corrupt; our entries run
    every few seconds, so that there is nothing to remember.
    """

    max_interval = int(heartbeats.INTERVAL.total_seconds())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_beat = 0.0

    def setup_schedule(self) -> None:
        """Take the schedule from the settings, and nothing else."""
        self.merge_inplace(self.app.conf.beat_schedule)
        self.install_default_entries(self.schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Publish what is due; return the seconds until the next look."""
        if time.monotonic() >= self._next_beat:
            heartbeats.beat("beat", f"beat@{socket.gethostname()}")
            self._next_beat = time.monotonic() + heartbeats.INTERVAL.total_seconds()
        return float(super().tick(*args, **kwargs))

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Publish one entry; a broker that is away costs a line, and the next round tries again."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - beat goes on, whatever the broker does
            log.warning("periodic_task_not_published", task=entry.task, error=str(error))
