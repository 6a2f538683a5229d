"""Starts the sink: compiled from C where there is a compiler, else in Python, and says which."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.sink.state import State, Word
from tests.support.processes import REPOSITORY
from tests.support.waiting import eventually

SOURCE = Path(__file__).with_name("sink.c")
CAPACITY = 2_000_000  # numbered mails
COMPILERS = ("cc", "gcc", "clang")


class Sink:
    """A running sink. `with Sink(directory) as sink:`.

    Attributes:
        language: "C" or "Python"; the latter may bound what is measured, see `raw`.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._state = State(directory / "sink.state", capacity=CAPACITY)
        self._used = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.language = "Python"

    @property
    def pid(self) -> int:
        """The sink's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def smtp_port(self) -> int:
        """Where it speaks SMTP."""
        return self._state[Word.SMTP_PORT]

    @property
    def http_port(self) -> int:
        """Where it speaks as Postmark does."""
        return self._state[Word.HTTP_PORT]

    def prepare(self, *, mails: int, latency: timedelta = timedelta()) -> None:
        """Forget everything before a run of so many mails, each answer taking `latency`."""
        self._state.forget(max(self._used, mails))
        self._used = mails
        self._state[Word.LATENCY] = int(latency.total_seconds() * 1e9)

    def count(self, word: Word = Word.DISTINCT) -> int:
        """Return a counter."""
        return self._state[word]

    def arrivals(self, count: int) -> list[int]:
        """Return when the mails 0 to count - 1 arrived first (CLOCK_MONOTONIC, ns)."""
        return list(self._state.arrivals(count))

    def __enter__(self) -> Self:
        command = self._compiled()
        if command is None:
            command = [sys.executable, "-m", "benchmarks.sink.slow"]
        else:
            self.language = "C"
        path = self._directory / "sink.state"
        self._process = subprocess.Popen([*command, str(path)], cwd=REPOSITORY)
        eventually(lambda: self._state[Word.READY], within=10, every=0.01, about="the sink")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
        self._state.close()

    def _compiled(self) -> list[str] | None:
        compiler = next(filter(shutil.which, COMPILERS), None)
        if compiler is None or sys.platform != "linux":  # it is written for epoll
            return None
        program = self._directory / "sink"
        built = subprocess.run(
            [compiler, "-O2", "-o", str(program), str(SOURCE)], capture_output=True, check=False
        )
        return [str(program)] if built.returncode == 0 else None
