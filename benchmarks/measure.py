"""CPU time and memory of whole process trees, and medians with their spread."""

import os
import statistics
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

MIB = 1 << 20
TICK = 1 / os.sysconf("SC_CLK_TCK")


def tree(pids: Iterable[int]) -> list[psutil.Process]:
    """Return the processes that live, and all below them."""
    found: list[psutil.Process] = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return what the trees have used so far, with those of their processes that were reaped."""
    total = 0.0
    for process in tree(pids):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def proportional_memory(pids: Iterable[int]) -> float:
    """Return the trees' memory in MiB: PSS, in which shared pages are divided by their sharers."""
    total = 0
    for process in tree(pids):
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in lines.splitlines() if line[:4] == "Pss:")
    return total * 1024 / MIB


class MemoryPeak:
    """Samples the memory of trees in a thread; `with` starts and ends it.

    Attributes:
        samples: MiB by name, a sample every `every` seconds.
    """

    def __init__(
        self, roots: Callable[[], Mapping[str, Sequence[int]]], *, every: float = 0.5
    ) -> None:
        self.samples: dict[str, list[float]] = {}
        self._roots = roots
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def peak(self, name: str) -> float:
        """Return the largest sample of a name; 0 without any."""
        return max(self.samples.get(name, ()), default=0.0)

    def _watch(self) -> None:
        while not self._stopping.wait(self._every):
            for name, pids in self._roots().items():
                self.samples.setdefault(name, []).append(proportional_memory(pids))

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


@dataclass(frozen=True)
class Spread:
    """Some measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)

    @property
    def lowest(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def highest(self) -> float:
        """The largest."""
        return max(self.values)

    def as_json(self) -> dict[str, object]:
        """Return what the results' file holds."""
        return {
            "median": self.median,
            "lowest": self.lowest,
            "highest": self.highest,
            "runs": list(self.values),
        }


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values are."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
