"""Whether the broker answers, asked without making anybody wait for one that does not."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from config import brokers
from config.celery import app

WAIT = timedelta(milliseconds=700)
"""How long a request waits; a broker that takes longer is reported as not answering."""
FRESH_FOR = timedelta(seconds=2)
"""How long one answer serves all requests."""
REDIS_OPTIONS = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "max_retries": 0}


class BrokerProbe:
    """Asks from one thread of its own, at most one question at a time.

    A black-holed broker, or a name server that hangs, then costs this thread its time and a request
    at most `WAIT`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broker-probe")
        self._asked: Future[dict[str, Any]] | None = None
        self._asked_at = 0.0

    def latest(self) -> dict[str, Any]:
        """Return `{"status": "ok"}` or `{"status": "unreachable", "reason": …}`."""
        with self._lock:
            question = self._current_question()
        try:
            return question.result(timeout=WAIT.total_seconds())
        except TimeoutError:
            reason = f"No answer within {WAIT.total_seconds()} s."
            return {"status": "unreachable", "reason": reason}

    def _current_question(self) -> Future[dict[str, Any]]:
        age = time.monotonic() - self._asked_at
        is_over = self._asked is None or self._asked.done()
        if self._asked is None or (is_over and age > FRESH_FOR.total_seconds()):
            self._asked = self._executor.submit(_ask)
            self._asked_at = time.monotonic()
        return self._asked


def _ask() -> dict[str, Any]:
    options = dict(app.conf.broker_transport_options)
    if brokers.is_redis(app.conf.broker_url):
        options |= REDIS_OPTIONS
    try:
        with app.connection_for_write(transport_options=options, connect_timeout=0.5) as link:
            link.ensure_connection(max_retries=1, timeout=1, reraise_as_library_errors=False)
    except Exception as error:  # noqa: BLE001 - each transport has errors of its own
        return {"status": "unreachable", "reason": type(error).__name__}
    return {"status": "ok"}


_probe = BrokerProbe()
latest = _probe.latest
