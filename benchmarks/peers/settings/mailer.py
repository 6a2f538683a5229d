"""django-mailer, as its documentation sets it up."""

from benchmarks.peers.settings.base import *  # noqa: F403
from benchmarks.peers.settings.base import INSTALLED_APPS, SENDS_WITH

INSTALLED_APPS = [*INSTALLED_APPS, "mailer"]
EMAIL_BACKEND = "mailer.backend.DbBackend"
MAILER_EMAIL_BACKEND = SENDS_WITH
MAILER_USE_FILE_LOCK = False  # there is one sender per run; the lock file would be in the tree
