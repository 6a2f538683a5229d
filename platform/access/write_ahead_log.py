"""SQLite's write-ahead log, written into the database where nobody waits for it.

Left to itself SQLite does so in the commit that makes the log a thousand pages long, which then
takes 5 ms more. A live mail writes thirty: one in thirty was kept waiting, in the event that
caused it, its claim or its record.
"""

from django.db import connection


def shorten() -> None:
    """Write what is in the log into the database; no reader or writer waits for it.

    Other databases do so themselves. Within a transaction SQLite cannot, and nothing is done.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
