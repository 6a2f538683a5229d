"""Ends what is left when the supervisor is killed with SIGKILL, and cannot do it itself.

A process of its own, in a session of its own, which holds the reading end of a pipe. The supervisor
writes `+<process group>` for each group that it starts and `-<process group>` when it is over. The
pipe's end comes when the supervisor ends, in whatever way; what is then left on the list gets
SIGTERM and, after a while, SIGKILL.

Chosen over PR_SET_PDEATHSIG: that exists on Linux only, reaches no grandchildren, and does nothing
about a process that hangs. Run as a script, with the standard library alone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

GRACE = 10.0  # seconds


class Guardian:
    """The supervisor's side: tells the guardian process what there is to end."""

    def __init__(self, *, keep_open: Iterable[int] = ()) -> None:
        """Start the guardian process.

        Args:
            keep_open: file descriptors that it holds for as long as it has work, such as a lock.
        """
        reader, self._list = os.pipe()
        self._popen = subprocess.Popen(  # noqa: S603 - this very file
            [sys.executable, "-I", __file__],
            stdin=reader,
            # A terminal or a pipe held open here would make its other end wait for us.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
        os.close(reader)

    def watch(self, group: int) -> None:
        """Add a process group to the list."""
        self._write(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Take a process group, of which nothing is left, off the list."""
        self._write(f"-{group}\n")

    def dismiss(self) -> None:
        """End the guardian process, whose list should be empty."""
        os.close(self._list)
        self._popen.wait()

    def _write(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # it was killed; the supervisor does without
            os.write(self._list, line.encode())


def main() -> None:
    """Keep the list until the pipe ends, then end what stands on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    _end(groups)


def _end(groups: set[int]) -> None:
    for group in filter(_exists, groups):
        with contextlib.suppress(ProcessLookupError):
            # To the leader alone: it lets the processes that it started finish their work.
            os.kill(group, signal.SIGTERM)
            os.kill(group, signal.SIGCONT)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and any(map(_exists, groups)):
        time.sleep(0.05)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
