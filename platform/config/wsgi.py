"""The WSGI application: `gunicorn --config python:config.gunicorn config.wsgi`."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

from access.requests import Utf8Handler

# gunicorn's WORKER_BOOT_ERROR: any other status makes its master start the worker again, for ever.
WORKER_BOOT_ERROR = 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    django.setup(set_prefix=False)
    application = Utf8Handler()
except ImproperlyConfigured as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(WORKER_BOOT_ERROR)
