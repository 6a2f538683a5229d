"""What the drill saw, as plain values: arrivals at the providers, rows, kills. Times are seconds
since the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.drill.faults import Mishap

OPEN = frozenset({"queued", "sending", "retrying"})


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One message that a provider took.

    Attributes:
        message_id: the Message-ID header.
        provider: the alias of the provider that took it.
        at: when.
        mishap: what the provider did to its answer.
    """

    message_id: str
    provider: str
    at: float
    mishap: Mishap | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One row of the attempts; `provider` is empty where nobody knows how far it came."""

    ticket: int
    provider: str
    outcome: str
    started_at: float
    ended_at: float
    error_code: str = ""
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class MailRow:
    """One notification as the database holds it in the end."""

    message_id: str
    reference: str
    status: str
    created_at: float
    error: str = ""
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, kw_only=True)
class Kill:
    """One SIGKILL.

    Attributes:
        name: what was killed, for the report.
        at: when.
        until: when the last process that it cost was gone.
        in_flight: how many messages those processes may have had under way.
    """

    name: str
    at: float
    until: float
    in_flight: int
