"""One program of the stack, and its running process."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

LONGEST_LINE = 64 * 1024  # bytes; a program that ends no line must not fill our memory


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and how to treat it.

    Attributes:
        name: what its lines are marked with.
        command: the program and its arguments.
        directory: where it runs.
        environment: variables beyond ours.
        grace: how long it may take to end after SIGTERM, before SIGKILL.
        heartbeat: the file that it touches while it works; None if it touches none.
        serves_others: it is stopped after all the programs that need it.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: timedelta = timedelta(seconds=10)
    heartbeat: Path | None = None
    serves_others: bool = False


class Process:
    """A program that was started, with all the processes that it started itself.

    It leads a process group of its own: a Ctrl-C in the terminal reaches only the supervisor, and
    the group can be ended as a whole. The group's id stays ours until `reap()`, because the leader
    is waited for only there: so nobody else's process is ever signalled.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        if program.heartbeat:
            # What an earlier process left would count as this one's sign of life.
            program.heartbeat.unlink(missing_ok=True)
        self.output, writer = os.pipe()
        os.set_blocking(self.output, False)
        self._popen = subprocess.Popen(  # noqa: S603 - the commands are those of config.runner.stack
            program.command,
            cwd=program.directory,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writer)
        self.is_silent = False
        self._unfinished = b""

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._popen.pid

    def has_ended(self) -> bool:
        """Say whether the process has ended; it stays ours to `reap()`."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is not None

    def ask_to_end(self) -> None:
        """Send SIGTERM to the leader; it knows how to end what it started."""
        os.kill(self.pid, signal.SIGTERM)
        os.kill(self.pid, signal.SIGCONT)  # a stopped process takes no SIGTERM

    def kill(self) -> None:
        """End the whole group with SIGKILL."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """End what is left of the group and return the status as subprocess gives it."""
        self.kill()
        return self._popen.wait()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that can be read now."""
        while chunk := self._read():
            *whole, self._unfinished = (self._unfinished + chunk).split(b"\n")
            yield from whole
            if len(self._unfinished) > LONGEST_LINE:
                yield self._take_unfinished()

    def last_words(self) -> Iterator[bytes]:
        """Yield what is left when the process has ended, and close its output."""
        yield from self.lines()
        if self._unfinished:
            yield self._take_unfinished()
        os.close(self.output)

    def _take_unfinished(self) -> bytes:
        line, self._unfinished = self._unfinished, b""
        return line

    def _read(self) -> bytes:
        try:
            chunk = os.read(self.output, LONGEST_LINE)
        except BlockingIOError:
            return b""
        self.is_silent = not chunk
        return chunk


def describe_status(status: int) -> str:
    """Say in words how a process ended.

    Args:
        status: its exit status, or the negative number of the signal that ended it.
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
