"""django-celery-email, as its README sets it up."""

from benchmarks.peers.settings.base import *  # noqa: F403
from benchmarks.peers.settings.base import INSTALLED_APPS, SENDS_WITH

INSTALLED_APPS = [*INSTALLED_APPS, "djcelery_email"]
EMAIL_BACKEND = "djcelery_email.backends.CeleryEmailBackend"
CELERY_EMAIL_BACKEND = SENDS_WITH
