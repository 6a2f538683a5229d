"""A running `manage.py up`, as tests of the runner need it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from config.brokers import embedded_socket

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 90  # seconds; two cores may be shared by several stacks


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(var_dir: Path, **more: str) -> dict[str, str]:
    """Return what a fresh shell would hold: nothing of the test's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHON_DOTENV_DISABLED": "1", "VAR_DIR": str(var_dir), **more}


def wait_for(condition: Callable[[], object], *, seconds: float = 30, what: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what or condition}")
        time.sleep(0.1)


class Up:
    """`manage.py up` with everything that it started."""

    def __init__(self, var_dir: Path, *, port: int, variables: Mapping[str, str]) -> None:
        self.var_dir = var_dir
        self.port = port
        self._log = var_dir.with_name(f"{var_dir.name}-{port}.log")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=environment(var_dir, DEBUG="true", PORT=str(port), **variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for_line(self, text: str, *, seconds: float = READY_WITHIN) -> None:
        def said() -> bool:
            assert text in self.output() or self.process.poll() is None, self.output()
            return text in self.output()

        wait_for(said, seconds=seconds, what=f"{text!r} in:\n{self.output()}")

    def running(self) -> list[psutil.Process]:
        """Return everything alive that runs on this VAR_DIR, supervisor and orphans too."""
        found = []
        address = str(embedded_socket(self.var_dir))
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("VAR_DIR") == str(self.var_dir)
                # Valkey writes its title over its environment; the title holds the socket's path.
                mine = mine or address in " ".join(process.cmdline())
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def leaders(self, part: str) -> list[psutil.Process]:
        """Return the programs' own processes whose command line holds `part`."""
        return [
            process
            for process in self.running()
            if process.ppid() == self.process.pid and part in " ".join(process.cmdline())
        ]

    def leader(self, part: str) -> psutil.Process:
        (found,) = self.leaders(part)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


@contextmanager
def up(var_dir: Path, **variables: str) -> Iterator[Up]:
    """Start everything; at the end, whatever happened, nothing of it is left."""
    stack = Up(var_dir, port=free_port(), variables=variables)
    try:
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.process.terminate()
            try:
                stack.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                stack.process.kill()
                stack.process.wait()
        for process in stack.running():
            process.kill()
