"""Reads what the providers kept and what the database holds into the drill's records."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.drill.faults import mishap_of
from tests.drill.records import Arrival, Attempt, MailRow
from tests.support.fake_esp import FakeEsp, HttpFault
from tests.support.fake_server import FakeServer
from tests.support.smtp_sink import SmtpFault, SmtpSink
from tests.support.stack import Stack

MAILS = """
    SELECT id, message_id, reference, status, created_at, error_code
    FROM notifications_notification
"""
ATTEMPTS = """
    SELECT notification_id, ticket, provider, outcome, started_at, duration, error_code, next_step
    FROM notifications_deliveryattempt ORDER BY id
"""


def read_rows(stack: Stack) -> list[MailRow]:
    """Return every notification with its attempts."""
    attempts: defaultdict[str, list[Attempt]] = defaultdict(list)
    for owner, ticket, provider, outcome, started, duration, code, step in stack.rows(ATTEMPTS):
        started_at = _seconds(started)
        attempts[str(owner)].append(
            Attempt(
                ticket=ticket,
                provider=provider,
                outcome=outcome,
                started_at=started_at,
                ended_at=started_at + _length(duration),
                error_code=code,
                next_step=step,
            )
        )
    return [
        MailRow(
            message_id=message_id,
            reference=reference,
            status=status,
            created_at=_seconds(created_at),
            error=error,
            attempts=attempts[str(identifier)],
        )
        for identifier, message_id, reference, status, created_at, error in stack.rows(MAILS)
    ]


def _seconds(moment: datetime | str) -> float:
    """Read a time: PostgreSQL gives one, SQLite gives its text, in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment.timestamp()


def _length(duration: timedelta | int) -> float:
    """Read a duration: PostgreSQL gives one, SQLite gives microseconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration / 1_000_000


def arrivals_at_esp(esp: FakeEsp, *, alias: str, patience: timedelta) -> Iterator[Arrival]:
    """Give each message that the HTTP provider took."""
    for mail, fault in _with_faults(esp):
        headers = {one["Name"].lower(): one["Value"] for one in mail.payload["Headers"]}
        yield Arrival(
            message_id=headers["message-id"],
            provider=alias,
            at=mail.at,
            mishap=mishap_of(fault, patience=patience),
        )


def arrivals_at_sink(sink: SmtpSink, *, alias: str, patience: timedelta) -> Iterator[Arrival]:
    """Give each message that the SMTP provider took."""
    for mail, fault in _with_faults(sink):
        yield Arrival(
            message_id=str(mail.message["Message-ID"]).strip(),
            provider=alias,
            at=mail.at,
            mishap=mishap_of(fault, patience=patience),
        )


def _with_faults(
    server: FakeServer[Any, Any, Any],
) -> Iterator[tuple[Any, HttpFault | SmtpFault | None]]:
    """Pair each message with the fault that struck it: the n-th taken is the n-th accepted try."""
    faults: defaultdict[Sequence[str], list[HttpFault | SmtpFault | None]] = defaultdict(list)
    for one in server.tries:
        if one.accepted:
            faults[one.recipients].append(one.fault)
    for mail in server.messages:
        waiting = faults[mail.recipients]
        # None noted yet: the message came in the last moment before we looked.
        yield mail, waiting.pop(0) if waiting else None
