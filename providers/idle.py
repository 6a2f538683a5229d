"""What a thread does while a provider's answer is on its way.

A mail server or an ESP takes a mail in far less than a thread needs to make the next one, but to
wait for it costs two changes of the process that runs, and what that processor could have done
meanwhile. So whoever hands over says what else there is to do, and a transport does it when it
has said its part and would listen.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

Work = Callable[[], None]


class _OfThisThread(threading.local):
    def __init__(self) -> None:
        self.works: list[Work] = []


_own = _OfThisThread()


class meanwhile(AbstractContextManager[None]):  # noqa: N801  used as contextlib's are
    """Have `work` done once at most, while this thread awaits an answer in the block.

    It must not raise, and not take so long that the answer is read late. Blocks can be nested: each
    answer that is awaited is time for one work, that of the innermost first.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def __enter__(self) -> None:
        _own.works.append(self._work)

    def __exit__(self, *_: object) -> None:
        if self._work in _own.works:
            _own.works.remove(self._work)


def awaiting_answer() -> float:
    """Do one of the works there are; for transports, when it is the provider's turn.

    Returns:
        The seconds that it took, which are not the provider's.
    """
    if not _own.works:
        return 0.0
    started = time.monotonic()
    _own.works.pop()()
    return time.monotonic() - started
