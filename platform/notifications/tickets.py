"""What a message in the broker stands for."""

from typing import Final, NamedTuple
from uuid import UUID

AWAITS_COMMIT: Final = "awaits_commit"
"""The header of a message whose notification may be about to be committed."""


class Ticketed(NamedTuple):
    """A notification and the ticket that a message was published, or a claim made, for."""

    id: UUID
    ticket: int
