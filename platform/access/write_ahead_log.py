"""SQLite's write-ahead log, written into the database where nobody waits for it.

Left to itself SQLite does so in the commit that makes the log a thousand pages long, which then
takes 5 ms more. A live mail writes thirty: one in thirty was kept waiting, in the event that
caused it, its claim or its record.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection


def shorten(*, after: Callable[[], object]) -> None:
    """Do `after`, which commits something, and then write the log into the database.

    No reader or writer waits for it. Other databases do so themselves; within a transaction SQLite
    cannot.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        after()
        return
    connection.ensure_connection()
    sqlite: Any = connection  # config.sqlite's, which Django's stubs do not know
    sqlite.shorten_log_after(after)
