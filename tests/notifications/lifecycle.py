"""The parts of the state model: a log of moves kept by the database, a clock, a broker, workers."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from notifications import claims, delivery, journal, publishing, queues
from notifications.allowance import Allowance
from notifications.journal import Journal, Note
from notifications.models import Notification
from notifications.publishing import PUBLISHED_GRACE, BrokerUnavailable
from notifications.recording import record
from notifications.rounds import Round
from notifications.settlements import Settlement
from notifications.tickets import Ticketed
from providers import routing

MOVES = "tests_moves"
COLUMNS = f"INSERT INTO {MOVES} VALUES (OLD.id, OLD.status, NEW.status, OLD.ticket, NEW.ticket);"
CHANGED = "OLD.status <> NEW.status OR OLD.ticket <> NEW.ticket"
TRIGGERS: dict[str, Sequence[str]] = {
    "sqlite": (
        f"""CREATE TRIGGER tests_move AFTER UPDATE ON notifications_notification
        WHEN {CHANGED} BEGIN {COLUMNS} END""",
    ),
    "postgresql": (
        f"""CREATE FUNCTION tests_log_move() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {COLUMNS} RETURN NEW; END $$""",
        f"""CREATE TRIGGER tests_move AFTER UPDATE ON notifications_notification
        FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION tests_log_move()""",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Move:
    """One change of one row's status or ticket, as the database saw it."""

    id: UUID
    before: str
    after: str
    ticket_before: int
    ticket_after: int


class MoveLog:
    """Every move of every row, written by a trigger: no code under test can pass it by."""

    def install(self) -> None:
        """Make the log and its trigger; the transaction that holds them takes them away again."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE {MOVES} (id {'uuid' if self._is_postgres else 'char(32)'},"
                " before varchar(20), after varchar(20),"
                " ticket_before integer, ticket_after integer)"
            )
            for statement in TRIGGERS[connection.vendor]:
                cursor.execute(statement)

    def take(self) -> list[Move]:
        """Return the moves since the last look, in their order, and forget them."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {MOVES}")
            rows = cursor.fetchall()
            cursor.execute(f"DELETE FROM {MOVES}")
        return [
            Move(
                id=UUID(str(identifier)),
                before=before,
                after=after,
                ticket_before=ticket_before,
                ticket_after=ticket_after,
            )
            for identifier, before, after, ticket_before, ticket_after in rows
        ]

    @property
    def _is_postgres(self) -> bool:
        return connection.vendor == "postgresql"


class Clock:
    """The time that the engine sees: the real one, moved on by what the model lets pass."""

    def __init__(self) -> None:
        self._real = timezone.now
        self._passed = timedelta()

    def now(self) -> datetime:
        """Return the time."""
        return self._real() + self._passed

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._passed += by


class Broker:
    """Holds messages as a broker may: they can be lost, doubled, late and out of order."""

    def __init__(self) -> None:
        self.messages: list[list[Ticketed]] = []
        self.is_down = False

    def send(self, name: str, *, args: Sequence[Any], queue: str, ticket: int = 0) -> None:
        """Take a message, as `Publisher.send` does."""
        if self.is_down:
            raise BrokerUnavailable("down")
        if name == queues.DELIVER:
            self.messages.append([Ticketed(UUID(args[0]), ticket)])
        else:
            self.messages.append([Ticketed(UUID(one), number) for one, number in args[0]])

    def depth(self, queue: str) -> int:
        """Return how many messages wait."""
        if self.is_down:
            raise BrokerUnavailable("down")
        return len(self.messages)


class Killed(BaseException):
    """SIGKILL, as far as Python can have it."""


class MortalJournal(Journal):
    """A journal whose worker is killed just before, or just after, it notes something."""

    dies_before: Note | None = None
    dies_after: Note | None = None

    def note(self, note: Note, ticketed: Ticketed, **details: Any) -> None:
        """Note it, or die."""
        if note == self.dies_before:
            raise Killed
        super().note(note, ticketed, **details)
        if note == self.dies_after:
            raise Killed


@dataclass(kw_only=True)
class Worker:
    """A worker between the steps of `delivery.deliver`, so that others can come in between."""

    claimed: list[Notification]
    permit: routing.Permit
    journal: MortalJournal = field(default_factory=MortalJournal)
    settlements: list[Settlement] = field(default_factory=list)
    is_settled: bool = False

    @classmethod
    def take(cls, tickets: Sequence[Ticketed]) -> "Worker | None":
        """Ask for a permit and claim, as `deliver` begins; None if nothing was claimed."""
        now = timezone.now()
        permit = routing.permit(now=now, wanted=len(tickets))
        if permit.granted < len(tickets):
            until = permit.available_at or now + PUBLISHED_GRACE
            claims.postpone(tickets[permit.granted :], until=until, now=now)
        claimed = claims.claim(tickets[: permit.granted], now=now) if permit.granted else []
        if not claimed:
            routing.give_back(permit)
            return None
        worker = cls(claimed=claimed, permit=permit)
        worker.journal.claimed([Ticketed(row.id, row.ticket) for row in claimed])
        return worker

    def settle(self) -> None:
        """Hand over what was claimed, as the middle of `deliver` does; may die on the way."""
        self.is_settled = True
        round_ = Round(self.claimed, allowance=Allowance(self.permit), journal=self.journal)
        for settlement in round_.settlements():
            delivery._set_relay(settlement, retries_in_broker=False)
            self.settlements.append(settlement)
        claims.release(round_.left, at=timezone.now())

    def record(self) -> None:
        """Record, as `deliver` ends."""
        record(self.settlements)
        self.journal.clear()
        self.journal.close()

    def die(self, *, with_its_journal: bool) -> None:
        """End without a word; the journal stays behind, unless the host is lost too."""
        if with_its_journal and self.journal._owner == os.getpid():
            file = os.fstat(self.journal._file)
            for path in journal.folder().iterdir():
                if path.stat().st_ino == file.st_ino:
                    path.unlink()
        self.journal.close()


@contextmanager
def engine(patch: Any, *, clock: Clock, broker: Broker) -> Iterator[None]:
    """Let the engine see this clock and this broker."""
    with patch.context() as patched:
        patched.setattr(timezone, "now", clock.now)
        patched.setattr(publishing.Publisher, "send", broker.send)  # in every thread
        patched.setattr(publishing.Publisher, "depth", broker.depth)
        yield
        journal.journal.close()
