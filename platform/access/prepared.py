"""Statements written by hand, which PostgreSQL reads and plans once for each connection.

That spares a live mail's claim a third of its time. The ORM's statements stay as they are, for each
differs from the one before.

A pooler that lends one connection to many (PgBouncer in transaction mode) would mix up what those
who share it have prepared. Behind one, nothing is prepared: the process that such a connection is
told to be served by is none of the server's.
"""

from functools import cache
from typing import Any
from weakref import WeakSet

from django.db import connections
from django.db.backends.utils import CursorWrapper

_asked: WeakSet[Any] = WeakSet()
"""The driver's connections of which it is known whether they are served by the server itself."""


def prepared_cursor(using: str) -> CursorWrapper:
    """Return a cursor of Django's, whose statements are prepared where the database can do so.

    Args:
        using: the database's alias.
    """
    database = connections[using]
    # Who has statements logged wants to see what is in them, which the driver knows of Django's.
    if database.vendor != "postgresql" or database.queries_logged:
        return database.cursor()
    # As Django does before it makes a cursor.
    database.close_if_health_check_failed()
    database.ensure_connection()
    database.validate_thread_sharing()
    with database.wrap_database_errors:
        if not _can_prepare(database.connection):
            return database.cursor()
        return database.make_cursor(_preparing()(database.connection))


def _can_prepare(connection: Any) -> bool:
    if connection not in _asked:
        [(served_by,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
        connection.prepare_threshold = 0 if served_by == connection.info.backend_pid else None
        _asked.add(connection)
    return connection.prepare_threshold is not None


@cache
def _preparing() -> type[Any]:
    """Return the class of cursors that prepare; made when there is a PostgreSQL to ask."""
    from psycopg import Cursor, adapters, errors
    from psycopg.postgres import types
    from psycopg.pq import Format, TransactionStatus

    times: Any = adapters.get_loader(types["timestamptz"].oid, Format.TEXT)

    class Preparing(Cursor[Any]):
        """Binds parameters in the server, unlike Django's own, and prepares at the first use."""

        def __init__(self, connection: Any) -> None:
            super().__init__(connection)
            # Django's makes of each time one in its own time zone, which is the session's anyway,
            # and takes six times as long for it.
            self.adapters.register_loader("timestamptz", times)

        def execute(self, *arguments: Any, **options: Any) -> Any:
            """Execute a statement, and let go of what was prepared for columns of another type."""
            try:
                return super().execute(*arguments, **options)
            except errors.FeatureNotSupported:  # a migration has changed what the plan returns
                self.connection.prepare_threshold = None
                if self.connection.info.transaction_status != TransactionStatus.IDLE:
                    raise
                return super().execute(*arguments, **options)

    return Preparing
