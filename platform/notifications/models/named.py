"""Equality that an index of what is not empty answers, on both databases."""

from django.db.models import Q


def is_named(column: str, value: str) -> Q:
    """Return the predicate "the column has this value", which is not the empty text.

    Said twice, for SQLite: it takes an index with a condition where the query names the condition.
    """
    return Q(**{column: value}) & ~Q(**{column: ""})
