"""gunicorn's settings: `gunicorn --config python:config.gunicorn`.

gunicorn's command-line options and GUNICORN_CMD_ARGS override each of them. A
wrong setting ends gunicorn here, in the master, with its sentence.
"""

import os
from typing import Any

from gunicorn.glogging import Logger

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config import logs


class PropagatingLogger(Logger):
    """Leaves gunicorn's messages to the root logger, so that they look like all others."""

    def setup(self, cfg: Any) -> None:
        """Set gunicorn's logger up, and take its own handlers away."""
        super().setup(cfg)
        logs.configure(settings.LOGGING)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


wsgi_app = "config.wsgi"
bind = f"{settings.HOST}:{settings.PORT}"
worker_class = "gthread"  # broke no connection on rejected bodies, where faster servers did
workers = settings.WEB_CONCURRENCY
threads = 8
timeout = 30
# Longer than load balancers keep an idle connection (mostly 60 s): the side that sends requests
# should be the one that closes, or a request can meet a connection that is just being closed.
keepalive = 75
graceful_timeout = 10
max_requests = 20_000  # bounds what a slow leak can take
max_requests_jitter = 2_000
control_socket_disable = True  # its place is per user, so that two instances would quarrel over it
logger_class = PropagatingLogger
