"""How much work one rendering may do, counted by construction.

Every statement, call, filter and iteration takes steps, and every text or list that is made takes
characters, from the budget of the rendering that runs in this thread. When either is used up, the
rendering ends with BoundsExceeded. No signals and no clocks: senders may be threads, and the same
template with the same context always ends at the same place.

Compiled code and filters reach the budget through a context variable, because Jinja hands most
filters and operators no context to carry it in. Without an open budget nothing can run at all.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from templating.errors import BoundsExceeded

# An order of 500 lines in the shipped templates takes about 50,000 steps and 3 million characters.
MAX_STEPS = 1_000_000
MAX_CHARACTERS = 16_000_000
MAX_DEPTH = 60  # of calls within calls: macros, blocks and recursive loops
MAX_REPEATED = 1_000  # the largest width, indentation, count or precision a template may name
MAX_INTEGER_BITS = 256

COLLECTIONS = (list, tuple, set, frozenset)


@dataclass(slots=True)
class Budget:
    """What is left for one rendering."""

    steps: int = MAX_STEPS
    characters: int = MAX_CHARACTERS
    depth: int = MAX_DEPTH

    def tick(self, steps: int) -> None:
        """Take steps. Raises BoundsExceeded when there are none left."""
        self.steps -= steps
        if self.steps < 0:
            raise BoundsExceeded(f"the template takes more than {MAX_STEPS:,} steps")

    def charge(self, characters: int) -> None:
        """Take characters (or list entries). Raises BoundsExceeded when there are none left."""
        self.characters -= characters
        if self.characters < 0:
            raise BoundsExceeded(f"the template makes more than {MAX_CHARACTERS:,} characters")

    def weigh(self, value: object) -> None:
        """Take what it costs to look through a value completely.

        A list may hold the same list many times over, so its text can be exponentially longer than
        its memory: comparing, sorting, hashing or printing one must be paid for in advance.
        """
        if isinstance(value, str):
            self.charge(len(value))
        elif isinstance(value, (Mapping, *COLLECTIONS)):
            self._weigh_nested(value)

    def _weigh_nested(self, value: object) -> None:
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                self.charge(len(item))
            elif isinstance(item, Mapping):
                self.tick(2 * len(item) + 1)
                waiting.extend(item.keys())
                waiting.extend(item.values())
            elif isinstance(item, COLLECTIONS):
                self.tick(len(item) + 1)
                waiting.extend(item)

    def enter(self) -> None:
        """Go one call deeper."""
        self.depth -= 1
        if self.depth < 0:
            raise BoundsExceeded(f"calls are nested more than {MAX_DEPTH} deep")

    def leave(self) -> None:
        """Come back from a call."""
        self.depth += 1


_current: ContextVar[Budget] = ContextVar("budget")
current = _current.get


class opened(AbstractContextManager[Budget]):  # noqa: N801  used as contextlib's are
    """Give what runs inside a budget of its own."""

    def __enter__(self) -> Budget:
        budget = Budget()
        self._token = _current.set(budget)
        return budget

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def tick(steps: int = 1) -> Budget:
    """Take steps from the running rendering's budget, and return it.

    Compiled code does this at the start of every body, and pays for the body's values from what it
    gets. It keeps that no longer: the functions of an imported template outlive a rendering.
    """
    budget = current()
    budget.steps -= steps
    if budget.steps < 0:
        budget.tick(0)
    return budget


def charge(characters: int) -> None:
    """Take characters from the running rendering's budget."""
    current().charge(characters)


def counted(items: Iterable[Any]) -> Iterator[Any]:
    """Yield the items, taking a step for each: for lazy filters, which no loop counts."""
    budget = current()
    for item in items:
        budget.tick(1)
        yield item


def weighed(value: Any) -> Any:
    """Return a value that has been paid for, so that it can be compared or hashed.

    An iterator becomes a list: comparing with what it has yet to yield could not be paid for.
    """
    if isinstance(value, Iterator):
        value = list(counted(value))
    current().weigh(value)
    return value


def bounded_number(value: object, *, name: str) -> int:
    """Return a width, count or precision that a template named. Raises when it is too large."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if abs(value) > MAX_REPEATED:
        raise BoundsExceeded(f"{name} may be at most {MAX_REPEATED:,}")
    return value
