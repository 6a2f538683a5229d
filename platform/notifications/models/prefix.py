"""A lookup for the beginning of a text that both databases answer from an index.

`istartswith` is UPPER(…) LIKE on PostgreSQL and LIKE on SQLite, and no index here answers either.
`prefix` minds capital letters: who searches gives the spellings that are worth a look.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Lookup
from django.db.models.expressions import OrderBy
from django.db.models.sql.compiler import SQLCompiler

LAST = "\U0010ffff"
Sql = tuple[str, tuple[str | int, ...]]


@CharField.register_lookup
class Prefix(Lookup):
    """`reference__prefix="SO-10"`."""

    lookup_name = "prefix"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        """Compare as a range: SQLite sorts text by its bytes."""
        left, left_params = self.process_lhs(compiler, connection)
        text = str(self.rhs)
        return f"({left} >= %s AND {left} < %s)", (*left_params, text, *left_params, text + LAST)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        """Compare by LIKE: in a collation of a language the range would be another one."""
        left, left_params = self.process_lhs(compiler, connection)
        begins = connection.ops.prep_for_like_query(self.rhs) + "%"
        return f"{left} LIKE %s", (*left_params, begins)


class ByBytes(OrderBy):
    """The order in which an index of beginnings holds a column, whatever the language's own is."""

    def __init__(self, column: str) -> None:
        super().__init__(F(column))

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> Sql:
        """Name the operator that the index is ordered by."""
        column: Any = self.expression  # resolved by now, which its type does not tell
        expression, parameters = compiler.compile(column)
        # Django's compiler looks for a direction in every ordering; with USING there is none.
        return f"{expression} USING ~<~ /* ASC */", tuple(parameters)
