"""The Celery app. Its settings are Django's, with the prefix CELERY_."""

import gc
import os
import sys
import threading
import time
from types import TracebackType
from typing import Any

import structlog
from celery import Celery, signals

from config import redis_transport
from config.worker import HeartbeatStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

WORTH_A_CHECK = 1.0
"""Seconds without a task after which a database connection is tried before it is used."""


class _Used(threading.local):
    at = 0.0


_used = _Used()

redis_transport.install()
app = Celery("postroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(HeartbeatStep)
app.autodiscover_tasks()


@signals.setup_logging.connect
def _configure_logging(**_: object) -> None:
    """Keep Celery from configuring logging its own way."""
    from django.conf import settings

    from config import logs

    logs.configure(settings.LOGGING)


@signals.task_prerun.connect
def _name_task_in_logs(task_id: str, task: Any, **_: object) -> None:
    """Let every line of a task bear its id; the task before it has left its own."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@signals.task_postrun.connect
def _forget_task_in_logs(**_: object) -> None:
    structlog.contextvars.clear_contextvars()


@signals.worker_before_create_process.connect
def _spare_what_stays(**_: object) -> None:
    """Let the garbage collector pass over all that was imported.

    It would search it for cycles again and again, and each child would get a copy of its own of
    every page that was looked at. So it is done before the fork, and without a collection after.
    """
    gc.freeze()


@signals.worker_process_init.connect
def _collect_more_rarely(**_: object) -> None:
    """Suit batches, each of which makes some thousand objects that live until it is recorded."""
    gc.set_threshold(20_000, 10, 10)


@signals.worker_process_shutdown.connect
def _send_last_spans(**_: object) -> None:
    """Send what a child keeps back: it ends without the interpreter's farewells."""
    from access import tracing

    tracing.flush()


@signals.task_prerun.connect
def _mend_database_connections(**_: object) -> None:
    """Let go of a kept connection that has failed, or may have died while it was not used.

    Celery would otherwise open one anew for every task (`CELERY_DB_REUSE_MAX`), which takes
    PostgreSQL as long as sending a mail.
    """
    from django.db import connections

    now = time.monotonic()
    idle, _used.at = now - _used.at > WORTH_A_CHECK, now
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred or idle:
            connection.close_if_unusable_or_obsolete()


def _end_with_a_sentence(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Print a wrong setting's sentence alone.

    Celery's command line lets the exception fall through to the interpreter, which would bury the
    sentence under the frames of Celery, kombu and click.
    """
    from django.core.exceptions import ImproperlyConfigured

    if isinstance(error, ImproperlyConfigured):
        sys.stderr.write(f"{error}\n")
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _end_with_a_sentence
