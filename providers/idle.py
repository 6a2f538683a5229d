"""What a thread does while a provider's answer is on its way.

A mail server or an ESP takes a mail in far less than a thread needs to make the next one, but to
wait for it costs two changes of the process that runs, and what that processor could have done
meanwhile. So whoever hands over says what else there is to do, and a transport does it when the
last byte of a mail has left, before it listens for the answer.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

Work = Callable[[], None]


class _OfThisThread(threading.local):
    work: Work | None = None


_own = _OfThisThread()


class meanwhile(AbstractContextManager[None]):  # noqa: N801  used as contextlib's are
    """Have `work` done once at most, by the first answer that this thread awaits in the block.

    It must not raise, and not take so long that the answer is read late.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def __enter__(self) -> None:
        _own.work = self._work

    def __exit__(self, *_: object) -> None:
        _own.work = None


def awaiting_answer() -> None:
    """Do what there is to do; for transports, when a mail has left and its answer is due."""
    work = _own.work
    if work is not None:
        _own.work = None
        work()
