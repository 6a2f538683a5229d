"""How a database goes about a statement."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def plan_of(sql: str, parameters: Sequence[Any] = ()) -> str:
    """Return the plan of a statement, which is not executed."""
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        # None: a statement that was logged with its values may hold a "%".
        cursor.execute(f"{explain} {sql}", parameters or None)
        return "\n".join(str(step[-1]) for step in cursor.fetchall())
