"""What can be wrong with an order or an event.

OrderError
├── OrderRefused       what was sent breaks a rule; each problem names its field
├── NumberTaken        an order with this number exists
├── IllegalEvent       the order's state does not allow this event; says which it allows
├── OrderErased        nobody knows any more whose order it was
└── TooMuchContention  others kept changing the order; asking again may succeed
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: the way to the field in what was sent, such as `("lines", 3, "unit_price")`.
        message: a sentence for whoever sent it.
        code: a short stable name.
    """

    path: tuple[str | int, ...]
    message: str
    code: str = "invalid"


class OrderError(Exception):
    """Anything the orders app refuses to do."""


class OrderRefused(OrderError):
    """What was sent breaks a rule; `problems` holds at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class NumberTaken(OrderError):
    """An order with this number exists."""

    def __init__(self, number: str) -> None:
        super().__init__(f"An order with the number {number} exists already.")
        self.number = number


class IllegalEvent(OrderError):
    """The order's state does not allow this event."""

    def __init__(self, *, event: str, status: str, legal: Sequence[str]) -> None:
        allowed = ", ".join(legal) if legal else "none"
        super().__init__(
            f"An order that is {status} cannot become {event}. Legal events now: {allowed}."
        )
        self.event = event
        self.status = status
        self.legal = tuple(legal)


class OrderErased(OrderError):
    """The customer's data was taken away: there is nobody left to tell of an event."""

    def __init__(self, number: str) -> None:
        super().__init__(f"The customer's data of the order {number} was erased; it is closed.")


class TooMuchContention(OrderError):
    """Others changed the order each time between reading and writing it."""
