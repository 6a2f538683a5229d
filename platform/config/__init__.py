"""Settings, urls and processes: where the packages are put together.

Exposes the Celery app as `config.app`, so that `celery -A config worker` finds it and so that tasks
published by any Django process use it.
"""

from config.celery import app

__all__ = ["app"]
