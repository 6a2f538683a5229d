"""The names of the queues and tasks, in one place, so that publishers and workers agree.

`tests/notifications/test_queues.py` proves that each queue is consumed by a worker of `up`
and that each task name belongs to a registered task.
"""

from typing import Final

LIVE: Final = "live"
"""Mail that somebody is waiting for: one a message, published when its cause commits."""
BACKLOG: Final = "backlog"
"""Batches from the relay and from redrives; never in the way of live mail."""
PERIODIC: Final = "periodic"
"""Short upkeep: the relay, and whatever else beat asks for."""
ALL: Final = (LIVE, BACKLOG, PERIODIC)

DELIVER: Final = "notifications.deliver"
DELIVER_BATCH: Final = "notifications.deliver_batch"
RELAY: Final = "notifications.relay"
AUDIT: Final = "notifications.audit"
APPLY_REPORTS: Final = "notifications.apply_reports"
BULK_RUN: Final = "notifications.bulk_run"
BULK_CHUNK: Final = "notifications.bulk_chunk"
ERASE: Final = "notifications.erase"
KEEP_ROLLUPS: Final = "notifications.keep_rollups"
REPORT: Final = "notifications.daily_report"
COLLECT_REPORT: Final = "notifications.collect_daily_report"
SEND_REPORT: Final = "notifications.send_daily_report"
