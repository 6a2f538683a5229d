"""Moves many notifications at once, each with values of its own, in one statement.

Django's `update()` gives all rows the same values, and its `bulk_update()` writes a CASE for each
column, knows no predicate but the key, and does not say which rows it found.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from access.prepared import prepared_cursor
from access.stored_values import rows_query, stored
from notifications.models import Notification
from notifications.states import IllegalTransitionError, Status, sources
from notifications.tickets import Ticketed

Changes = Mapping[str, Any]
Move = Callable[[], frozenset[UUID]]
"""Moves rows, and returns which it found."""

# Asked for its state as such, PostgreSQL would go through the index by status, and read each row
# that has been in this state since it last cleaned up: see `NotificationQuerySet.now_in`.
_STATEMENT = """
    WITH moves(held_id, held_ticket{columns}) AS ({rows})
    UPDATE notifications_notification SET status = %s{own}{common}
    FROM moves
    WHERE id = held_id AND ticket = held_ticket AND (status || '') IN ({statuses})
    RETURNING id
"""


def move_each(
    to: Status, moves: Sequence[tuple[Ticketed, Changes]], *, only_from: Collection[Status]
) -> Move:
    """Return what moves each row that is still in `only_from` and held with its ticket.

    All that can be done before the transaction is done.

    Args:
        to: the state to reach.
        moves: rows, and their columns; all name the same ones. A value that is None or
            the same in all rows costs nothing.
        only_from: the states in which a row must be.

    Raises:
        IllegalTransitionError: `only_from` holds a state with no such move.
    """
    if not frozenset(only_from) <= sources(to):
        raise IllegalTransitionError(f"{sorted(only_from)} -> {to}")
    if not moves:
        return frozenset
    common, own = _split([changes for _, changes in moves])
    # In one order everywhere, so that two that move the same rows wait and do not deadlock.
    query, parameters = rows_query(
        Notification,
        ("id", "ticket", *own),
        [
            (ticketed.id, ticketed.ticket, *(values[name] for name in own))
            for ticketed, values in sorted(moves, key=lambda move: move[0].id.int)
        ],
    )
    statement = _STATEMENT.format(
        columns="".join(f", new_{name}" for name in own),
        rows=query,
        own="".join(f", {name} = new_{name}" for name in own),
        common="".join(f", {name} = %s" for name in common),
        statuses=", ".join(["%s"] * len(only_from)),
    )
    parameters += [to.value, *(stored(Notification, name)(value) for name, value in common.items())]
    parameters += [status.value for status in only_from]

    def move() -> frozenset[UUID]:
        with prepared_cursor(connection.alias) as cursor:
            cursor.execute(statement, parameters)
            return frozenset(_id(found) for (found,) in cursor.fetchall())

    return move


def _split(changes: Sequence[Changes]) -> tuple[dict[str, Any], list[str]]:
    """Return the values that all rows share, and the names of the columns that differ."""
    first = changes[0]
    own = [name for name in first if any(one[name] != first[name] for one in changes)]
    return {name: value for name, value in first.items() if name not in own}, own


def _id(found: Any) -> UUID:
    return found if isinstance(found, UUID) else UUID(found)
