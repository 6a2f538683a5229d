"""How fast a backlog leaves: everything is enqueued first, then the workers come."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from benchmarks import measure
from benchmarks.contenders import Contender
from benchmarks.field import Field, Filled, Round
from benchmarks.measure import MemoryPeak, Spread
from benchmarks.sink.state import Word

WARM_SHARE = 0.1
"""The first mails, which imports and first connections slow down, are not counted."""
LOOK_EVERY = 0.01  # seconds
STALLED_AFTER = 60.0  # seconds without a mail


@dataclass(frozen=True, kw_only=True)
class Drained:
    """One run: rates are mails per second, CPU is seconds per 1,000 mails, memory MiB (PSS)."""

    rate: float
    cpu_sending: float
    cpu_broker: float
    cpu_database: float
    cpu_enqueueing: float
    enqueue_rate: float
    memory_workers: float
    memory_broker: float
    doubled: int

    @property
    def cpu(self) -> float:
        """All of it: sender, broker, database and the enqueueing side."""
        return self.cpu_sending + self.cpu_broker + self.cpu_database + self.cpu_enqueueing


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the clocks showed at one moment."""

    mails: int
    at: float
    sending: float
    broker: float
    database: float


class Stalled(Exception):
    """A contender stopped sending before all was sent."""


def drain(
    field: Field,
    contender: Contender,
    *,
    mails: int,
    latency: timedelta = timedelta(),
    template: str = "",
) -> Drained:
    """Enqueue mails, let the contender send them, and say what that took.

    Raises:
        Stalled: nothing moved for a minute; the text holds what the processes wrote.
    """
    with field.round(contender, mails=mails, latency=latency, template=template) as one:
        filled = one.fill(mails)
        if contender.command:
            first, last, memory = _run_command(one, mails)
        else:
            first, last, memory = _run_services(one, mails)
        return _result(one, filled, mails=mails, first=first, last=last, memory=memory)


def _run_services(one: Round, mails: int) -> tuple[_Reading, _Reading, MemoryPeak]:
    with MemoryPeak(lambda: _roots(one, one.service_pids())) as memory:
        one.start()
        wait(one, int(mails * WARM_SHARE))
        first = _read(one, one.service_pids())
        wait(one, mails)
        wait_for_records(one)
        last = _read(one, one.service_pids())
    return first, last, memory


def _run_command(one: Round, mails: int) -> tuple[_Reading, _Reading, MemoryPeak]:
    process = one.command()
    with MemoryPeak(lambda: _roots(one, [process.pid])) as memory:
        wait(one, int(mails * WARM_SHARE))
        first = _read(one, [process.pid])
        wait(one, mails)
        wait_for_records(one)
        at = time.monotonic()
        # What it does after its last record is its own affair, but it counts as its CPU time.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    broker, database = one.servers_cpu()
    last = _Reading(
        mails=one.field.sink.count(),
        at=at,
        sending=used.ru_utime + used.ru_stime,
        broker=broker,
        database=database,
    )
    return first, last, memory


def _roots(one: Round, senders: Sequence[int]) -> dict[str, Sequence[int]]:
    return {"workers": senders, "broker": [one.broker.pid]}


def _read(one: Round, senders: Sequence[int]) -> _Reading:
    broker, database = one.servers_cpu()
    return _Reading(
        mails=one.field.sink.count(),
        at=time.monotonic(),
        sending=measure.cpu_seconds(senders),
        broker=broker,
        database=database,
    )


def wait(one: Round, mails: int) -> None:
    """Wait until so many mails have arrived. Raises Stalled if nothing moves for a minute."""
    sink = one.field.sink
    seen, since = -1, time.monotonic()
    while (count := sink.count()) < mails:
        now = time.monotonic()
        if count != seen:
            seen, since = count, now
        elif now - since > STALLED_AFTER:
            raise Stalled(f"{one.contender.key}: {count} of {mails} mails arrived.\n{one.logs()}")
        time.sleep(LOOK_EVERY)


def wait_for_records(one: Round) -> None:
    """Wait until every mail is recorded as sent. Raises Stalled."""
    deadline = time.monotonic() + STALLED_AFTER
    while left := one.unsettled():
        if time.monotonic() > deadline:
            raise Stalled(f"{one.contender.key}: {left} mails were not recorded.\n{one.logs()}")
        time.sleep(0.02)


def _result(
    one: Round,
    filled: Filled,
    *,
    mails: int,
    first: _Reading,
    last: _Reading,
    memory: MemoryPeak,
) -> Drained:
    count = last.mails - first.mails
    thousands = count / 1000
    return Drained(
        rate=count / (last.at - first.at),
        cpu_sending=(last.sending - first.sending) / thousands,
        cpu_broker=(last.broker - first.broker) / thousands + filled.cpu_broker * 1000 / mails,
        cpu_database=(last.database - first.database) / thousands
        + filled.cpu_database * 1000 / mails,
        cpu_enqueueing=filled.cpu * 1000 / mails,
        enqueue_rate=mails / filled.seconds,
        memory_workers=memory.peak("workers"),
        memory_broker=memory.peak("broker"),
        doubled=one.field.sink.count(Word.DOUBLED),
    )


FIGURES = tuple(Drained.__dataclass_fields__)


def spreads(runs: Sequence[Drained]) -> dict[str, Spread]:
    """Return each figure's spread over the runs."""
    names = (*FIGURES, "cpu")
    return {name: Spread(tuple(getattr(run, name) for run in runs)) for name in names}
