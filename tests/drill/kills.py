"""What is killed in which order, and the hands that do it."""

import random
import time
from collections.abc import Callable
from enum import StrEnum

from tests.drill.records import Kill
from tests.support.processes import Service
from tests.support.stack import WORKER_READY, Stack
from tests.support.waiting import eventually

ORPHANED_FOR = 0.3
"""Seconds for which a killed main process's children go on before they are ended with it."""

UNDER_WAY_WITHIN = 60.0  # seconds
SENDING_THREADS = 4
"""The most that one sending process may have under way; more would excuse more copies."""


class Target(StrEnum):
    """What a kill hits."""

    CHILD = "worker child"
    MAIN = "worker main process"
    BROKER = "broker"


def order_of_kills(
    seed: int, *, children: int, mains: int, brokers: int
) -> tuple[tuple[str, Target], ...]:
    """Return the kills with their names in the order that the seed gives them."""
    kills = [
        (f"{target} {number}", target)
        for target, count in (
            (Target.CHILD, children),
            (Target.MAIN, mains),
            (Target.BROKER, brokers),
        )
        for number in range(1, count + 1)
    ]
    random.Random(f"{seed}/kills").shuffle(kills)
    return tuple(kills)


class Executioner:
    """Carries kills out on a stack while mail is under way, and keeps a record of each.

    The live worker is hit more often than the backlog's: that is where most mail is.
    """

    def __init__(self, stack: Stack, *, seed: int) -> None:
        self.done: list[Kill] = []
        self._stack = stack
        self._victims = (stack.live, stack.live, stack.backlog)
        self._draw = random.Random(f"{seed}/victims")
        self._ways: dict[Target, Callable[[Service], int]] = {
            Target.CHILD: self._kill_child,
            Target.MAIN: self._kill_main,
            Target.BROKER: self._kill_broker,
        }

    def execute(self, name: str, target: Target) -> None:
        """Kill once, and start again what does not start again by itself.

        Raises:
            AssertionError: no mail came under way, or a worker was not ready again, in time.
        """
        victim = self._draw.choice(self._victims)
        if target is not Target.BROKER:
            victim.wait_for_line(WORKER_READY)
        self._wait_for_mail_under_way()
        at = time.time()
        in_flight = self._ways[target](victim)
        self.done.append(Kill(name=name, at=at, until=time.time(), in_flight=in_flight))

    def _wait_for_mail_under_way(self) -> None:
        eventually(
            lambda: self._stack.statuses().get("sending"),
            within=UNDER_WAY_WITHIN,
            every=0.02,
            about="mail under way",
        )

    def _kill_child(self, worker: Service) -> int:
        self._draw.choice(worker.children()).kill()
        return SENDING_THREADS

    def _kill_main(self, worker: Service) -> int:
        senders = len(worker.children())
        worker.kill()
        time.sleep(ORPHANED_FOR)
        worker.stop()  # the group: what a supervisor does with the orphans
        worker.start()
        return senders * SENDING_THREADS

    def _kill_broker(self, _: Service) -> int:
        self._stack.valkey.kill()
        time.sleep(self._draw.uniform(0.5, 2.0))
        self._stack.valkey.start()
        return 0
