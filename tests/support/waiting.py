"""Waiting for what other processes do, without sleeping longer than needed."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(
    look: Callable[[], Value | None], *, within: float, every: float = 0.1, about: str = ""
) -> Value:
    """Look again and again until `look()` returns something true, and return that.

    Args:
        look: returns what is waited for, or something false.
        within: for how many seconds to wait.
        every: seconds between two looks.
        about: what is waited for, for the error's text.

    Raises:
        AssertionError: it did not happen in time; the text holds what was seen last.
    """
    deadline = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within:g} s: {about or look}; last seen: {seen!r}")
        time.sleep(every)
    return seen


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
