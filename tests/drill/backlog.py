"""All providers are down while very many mails wait; then they come back, and so does a new order.

What must hold: while nothing can leave, workers and broker need no more memory than at first; once
mail leaves again, an order placed then is with a provider within seconds, though the backlog is far
from drained; and everything leaves.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial

from tests.drill.memory import MemoryWatch, Series
from tests.drill.placing import Shops, recipient_of
from tests.drill.progress import Progress
from tests.drill.records import OPEN, Arrival
from tests.drill.rig import Database, Rig, rig
from tests.support.processes import REPOSITORY
from tests.support.waiting import eventually

NEW_ORDERS = 5
"""Orders that are placed one after the other while the backlog drains."""
BETWEEN = 2.0  # seconds
ARRIVES_WITHIN = 5.0
SERVICE_WITHIN = 60.0
"""Seconds from the providers' return to the first mail that leaves."""
RATE_AT_LEAST = 10.0
"""Mails a second that the drill waits for before it gives up."""
MAY_GROW = 0.15
"""The share by which memory may grow after its first third and still be called flat."""
MAY_GROW_BY = 8.0  # MiB: below this a share means nothing


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What was seen.

    Attributes:
        memory: while nothing could leave.
        memory_after: while the backlog drained.
        first_after: seconds from the providers' return to the first mail that left.
        waits: seconds from each new order to its arrival at a provider.
        still_waiting: how many of the backlog were still waiting when the last of these arrived.
        most_attempts: attempts of the mail that has most of them, when all was out.
    """

    mails: int
    database: Database
    memory: MemoryWatch
    memory_after: MemoryWatch
    first_after: float
    waits: list[float]
    still_waiting: int
    drained_in: float
    statuses: dict[str, int]
    arrived: int
    most_attempts: int

    @property
    def broken(self) -> list[str]:
        """Say what must not be; empty when all is well."""
        owed = self.mails + NEW_ORDERS
        watched = {
            "a worker process": self.memory.worker,
            "the workers": self.memory.workers,
            "the broker": self.memory.broker,
        }
        found = [
            (self.statuses != {"sent": owed}, f"the mails ended as {self.statuses}"),
            (self.arrived != owed, f"{self.arrived} of {owed} mails arrived"),
            (
                max(self.waits) > ARRIVES_WITHIN,
                f"a new order's mail took {max(self.waits):.1f} s while the backlog drained",
            ),
            (not self.still_waiting, "the backlog was drained before the new orders were placed"),
            *(
                (not is_flat(series), f"the memory of {name} grew by {series.growth:.0f} MiB")
                for name, series in watched.items()
            ),
        ]
        return [sentence for is_broken, sentence in found if is_broken]


def is_flat(series: Series) -> bool:
    """Say whether memory stayed where it was after its first third."""
    return series.growth <= max(series.settled * MAY_GROW, MAY_GROW_BY)


def run(*, mails: int, down_for: float, database: Database, keep: bool = False) -> Backlog:
    """Go through the outage and the recovery, and return what was seen."""
    with (
        rig(database, listening=(), keep=keep, backlog_concurrency=2) as place,
        Shops(client=place.client) as shops,
    ):
        with MemoryWatch(place.stack) as memory:
            _enqueue(place, mails)
            _stay_down(place, down_for)
        with MemoryWatch(place.stack) as memory_after:
            place.first.start()
            place.second.start()
            back_at = time.monotonic()
            with Progress("the first mail leaves"):
                eventually(place.arrivals, within=SERVICE_WITHIN)
            first_after = time.monotonic() - back_at
            waits = _place_new(place, shops)
            still_waiting = _open(place)
            _drain(place, mails)
        arrivals: list[Arrival] = place.arrivals()
        return Backlog(
            mails=mails,
            database=database,
            memory=memory,
            memory_after=memory_after,
            first_after=first_after,
            waits=waits,
            still_waiting=still_waiting,
            drained_in=time.monotonic() - back_at,
            statuses=place.stack.statuses(),
            arrived=len({one.message_id for one in arrivals}),
            most_attempts=max(len(row.attempts) for row in place.rows()),
        )


def _enqueue(place: Rig, mails: int) -> None:
    """Fill the outbox from a process in the stack's environment."""
    environment = {**place.stack.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "tests.drill.enqueue", str(mails)]
    with (
        Progress("mails are enqueued") as progress,
        subprocess.Popen(
            command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.strip().isdigit():
                    progress.show(int(line), mails)
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0, f"{command} ended with {process.returncode}"


def _stay_down(place: Rig, seconds: float) -> None:
    with Progress("providers are down") as progress:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            progress.show(int(passed), int(seconds), f"{_open(place)} wait")
            time.sleep(1.0)


def _place_new(place: Rig, shops: Shops) -> list[float]:
    """Place orders one after the other; return how long each one's mail took to a provider."""
    waits = []
    with Progress("new orders") as progress:
        for number in range(NEW_ORDERS):
            placed_at = time.monotonic()
            shops.place(range(number, number + 1))
            taken = partial(place.has_taken, recipient_of(number))
            eventually(taken, within=60, every=0.05, about="a new order's mail")
            waits.append(time.monotonic() - placed_at)
            progress.show(number + 1, NEW_ORDERS, f"{waits[-1]:.1f} s")
            time.sleep(BETWEEN)
    return waits


def _drain(place: Rig, mails: int) -> None:
    with Progress("the backlog drains") as progress:
        deadline = time.monotonic() + mails / RATE_AT_LEAST + SERVICE_WITHIN
        while (waiting := _open(place)) and time.monotonic() < deadline:
            progress.show(mails - waiting, mails)
            time.sleep(1.0)


def _open(place: Rig) -> int:
    statuses = place.stack.statuses()
    return sum(statuses.get(status, 0) for status in OPEN)
