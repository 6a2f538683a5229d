"""Finds notifications by what people have at hand: an order's number, an address, an id.

The ids come first, each from an index of its own, and the list reads the rows by them. Asked in
one go, PostgreSQL walks through the newest mail until a page is full, which for an old order is
all of it.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q

from access.masking import may_see_addresses
from notifications.models import ByBytes, Notification

MOST = 400
"""Matches that are shown. With many more, reading them by id would lose to walking the table."""


def matching(term: str, user: Any) -> Q:
    """Return the condition "found by `term`", for what is read whole and may take its time."""
    if (key := _as_id(term)) is not None:
        return Q(pk=key)
    found = Q(pk__in=[])
    for column, lookup, spellings in _columns(term, user):
        for spelling in spellings:
            found |= Q(**{f"{column}__{lookup}": spelling})
    return found


def first_ids(term: str, user: Any) -> tuple[list[UUID], bool]:
    """Return the ids of the first `MOST` that `term` finds, and whether there are more."""
    if (key := _as_id(term)) is not None:
        return [key], False
    ids: list[UUID] = []
    for column, lookup, spellings in _columns(term, user):
        for spelling in spellings:
            rows = Notification.objects.filter(**{f"{column}__{lookup}": spelling})
            # What is spelled exactly so comes before what only begins so.
            rows = rows.order_by(ByBytes(column), "-created_at")
            ids += rows.values_list("pk", flat=True)[: MOST + 1 - len(ids)]
    return ids[:MOST], len(ids) > MOST


def _columns(term: str, user: Any) -> Iterator[tuple[str, str, list[str]]]:
    # Order numbers are mostly written large and addresses small; who searches writes either.
    spellings = sorted({term, term.lower(), term.upper()})
    if "@" not in term:
        yield "reference", "prefix", spellings
    # Whole addresses only, where they are masked: beginnings would tell them letter by letter.
    yield "recipient", "prefix" if may_see_addresses(user) else "exact", spellings


def _as_id(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
