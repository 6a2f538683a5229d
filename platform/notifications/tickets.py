"""What a message in the broker stands for."""

from typing import NamedTuple
from uuid import UUID


class Ticketed(NamedTuple):
    """A notification and the ticket that a message was published, or a claim made, for."""

    id: UUID
    ticket: int
