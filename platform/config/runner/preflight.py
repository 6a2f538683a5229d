"""What must hold before anything is started; each failure is one sentence."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from config.runner.console import Console

PREDECESSOR_ENDS_WITHIN = timedelta(seconds=15)
"""A supervisor that was killed leaves a guardian, which takes up to 10 s to end the rest."""


class CannotStart(Exception):
    """`manage.py up` cannot do its work; the text says why and what to do."""


def make_writable(var_dir: Path) -> None:
    """Make VAR_DIR and what the runner keeps in it.

    Raises:
        CannotStart: it cannot be written to.
    """
    run_dir = var_dir / "run"
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        probe = run_dir / f"probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"{var_dir} cannot be written to ({error.strerror}). "
            "Set VAR_DIR to a directory that this user may write to."
        ) from error


@contextmanager
def sole_user(var_dir: Path, *, console: Console) -> Iterator[int]:
    """Hold VAR_DIR for this run alone; yields the lock's file descriptor.

    The lock belongs to all who hold the descriptor, and is gone when the last of them is. A run
    that was killed and is being cleared away is waited for.

    Raises:
        CannotStart: another run has it.
    """
    descriptor = os.open(var_dir / "run" / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, var_dir=var_dir, console=console)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, *, var_dir: Path, console: Console) -> None:
    try:
        return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        taken = CannotStart(
            f"Another `manage.py up` (process {holder}) runs on {var_dir}. Stop it, or set VAR_DIR "
            "to another directory."
        )
        if _is_alive(holder):
            raise taken from None
    console.say("the run before this one was killed; waiting until what it left has ended …")
    attempts = Retrying(
        retry=retry_if_exception_type(BlockingIOError),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(PREDECESSOR_ENDS_WITHIN),
    )
    try:
        attempts(fcntl.flock, descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except RetryError:
        raise taken from None


def _holder(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_port(host: str, port: int) -> None:
    """See that the web process will be able to listen.

    Raises:
        CannotStart: it will not.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            listener.bind(address)
            listener.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {port} is taken on {host}. Stop what listens there, or choose another port: "
                f"PORT={port + 1 if port < 65535 else 8000} make run"
            ) from error
        raise CannotStart(
            f"Cannot listen on {host}, port {port} ({error.strerror}). Set HOST and PORT to an "
            "address that this machine and user may listen on."
        ) from error
