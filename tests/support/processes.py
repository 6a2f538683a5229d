"""Real processes for tests: started, watched, killed by pid, and always cleaned up."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.support.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
STOPS_WITHIN = 10.0  # seconds


class Service:
    """One long-running process with its own process group, its output in a file."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        directory: Path = REPOSITORY,
    ) -> None:
        self.name = name
        self._directory = directory
        self.log = log
        self._arguments = [sys.executable, "-m", *arguments]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0

    @property
    def pid(self) -> int:
        """The main process's id."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the main process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process, or start it again after it has ended."""
        assert not self.is_running, f"{self.name} is running"
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env=self._environment,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        """Return what this run of the process has written."""
        with self.log.open("rb") as log:
            log.seek(self._read_from)
            return log.read().decode(errors="replace")

    def wait_for_line(self, text: str, *, within: float = 30.0) -> None:
        """Wait until the process has written `text`.

        Raises:
            AssertionError: it ended, or did not in time; the text holds its output.
        """

        def written() -> bool:
            assert self.is_running, f"{self.name} ended:\n{self.output()}"
            return text in self.output()

        try:
            eventually(written, within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.name} wrote:\n{self.output()}") from error

    def children(self) -> list[psutil.Process]:
        """Return the processes below the main one."""
        return psutil.Process(self.pid).children(recursive=True) if self.is_running else []

    def kill(self) -> None:
        """End the main process alone with SIGKILL, as the kernel's memory killer does."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(timeout=STOPS_WITHIN)

    def ask_to_end(self) -> None:
        """Send SIGTERM, and do not wait."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()

    def stop(self) -> None:
        """End the process and all below it: in good order first, then whatever is left."""
        self.ask_to_end()
        if self._process is not None and self.is_running:
            try:
                self._process.wait(timeout=STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=STOPS_WITHIN)
        self._end_group()

    def _end_group(self) -> None:
        # Children outlive a main process that was killed; the group is ours alone.
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
