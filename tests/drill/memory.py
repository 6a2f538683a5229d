"""Watches the memory of workers and broker while something else happens."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil

from tests.support.processes import Service
from tests.support.stack import Stack

EVERY = 1.0  # seconds
MIB = 1 << 20


@dataclass
class Series:
    """Memory in MiB, a sample a second."""

    samples: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """The largest sample."""
        return max(self.samples, default=0.0)

    @property
    def settled(self) -> float:
        """The largest of the first third: what the process needs once it is warm."""
        return max(self.samples[: max(len(self.samples) // 3, 1)], default=0.0)

    @property
    def growth(self) -> float:
        """How much more than `settled` it came to need."""
        return self.peak - self.settled


class MemoryWatch:
    """Samples in a thread of its own; `with` starts and ends it.

    Attributes:
        worker: the largest single process of the workers.
        workers: all of them together (what they share is counted once for each).
        broker: Valkey.
    """

    def __init__(self, stack: Stack) -> None:
        self.worker = Series()
        self.workers = Series()
        self.broker = Series()
        self._stack = stack
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def _watch(self) -> None:
        while not self._stopping.wait(EVERY):
            sizes = list(resident(worker_processes((self._stack.live, self._stack.backlog))))
            if sizes:
                self.worker.samples.append(max(sizes))
                self.workers.samples.append(sum(sizes))
            if self._stack.valkey.process:
                self.broker.samples += resident_of([self._stack.valkey.process.pid])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()


def worker_processes(services: Iterable[Service]) -> list[psutil.Process]:
    """Return main processes and children; one that is just being killed is left out."""
    found: list[psutil.Process] = []
    for service in services:
        try:
            found += [psutil.Process(service.pid), *service.children()]
        except psutil.NoSuchProcess:
            continue
    return found


def resident(processes: Iterable[psutil.Process]) -> Iterable[float]:
    """Give the resident memory of each that lives, in MiB."""
    for process in processes:
        try:
            yield process.memory_info().rss / MIB
        except psutil.NoSuchProcess:
            continue


def resident_of(pids: Sequence[int]) -> list[float]:
    """Return the resident memory of the processes that live, in MiB."""
    return list(resident(psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)))
