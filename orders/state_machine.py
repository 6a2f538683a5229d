"""The order's state machine: pure functions over the registered events.

There is no table of transitions here: each event's file says where it is legal and what it leads
to, and the machine is what they add up to.
"""

from collections.abc import Mapping
from typing import Any

from orders.errors import IllegalEvent
from orders.event_types import EventData, OrderEventType, Outcome, Standing
from orders.states import Status


def is_legal(event: OrderEventType[Any], standing: Standing) -> bool:
    """Say whether `event` may happen to an order that stands so."""
    return standing.status in event.legal_from and event.condition(standing)


def legal_events(standing: Standing, events: Mapping[str, OrderEventType[Any]]) -> tuple[str, ...]:
    """Return the types of the events that may happen to an order that stands so, sorted."""
    return tuple(sorted(name for name, event in events.items() if is_legal(event, standing)))


def advance(
    event: OrderEventType[Any],
    data: EventData,
    *,
    standing: Standing,
    events: Mapping[str, OrderEventType[Any]],
) -> Outcome:
    """Return where the order stands after `event`, with the data that goes on record.

    Raises:
        IllegalEvent: it may not happen now; says which events may.
        OrderRefused: its data does not fit the order; each problem names its field.
    """
    if not is_legal(event, standing):
        legal = legal_events(standing, events)
        raise IllegalEvent(event=event.name, status=standing.status, legal=legal)
    return event.effect(event, standing, data)


def reachable(events: Mapping[str, OrderEventType[Any]]) -> dict[Status, frozenset[Status]]:
    """Return the statuses that each status can directly become, for documentation and tests."""
    moves: dict[Status, set[Status]] = {status: set() for status in Status}
    for event in events.values():
        for status in event.legal_from:
            moves[status].add(event.leads_to or status)
    return {status: frozenset(targets) for status, targets in moves.items()}
