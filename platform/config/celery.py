"""The Celery app. Its settings are Django's, with the prefix CELERY_."""

import os
import sys
from types import TracebackType

from celery import Celery, signals

from config.worker import HeartbeatStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

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
