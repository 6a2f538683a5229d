"""Lets Django use as many parameters in one statement as the SQLite in use allows."""

import sqlite3
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def raise_parameter_limit(*, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Tell a new connection its real limit. Receives `connection_created`.

    Django 5.2 believes in 999, the default of SQLite before 3.32 (2020), and splits what is larger:
    an order of 500 lines would take four statements. From 6.0 on Django asks SQLite itself.
    """
    if connection.vendor == "sqlite":
        limit = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        connection.features.max_query_params = limit
