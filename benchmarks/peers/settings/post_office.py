"""django-post_office, as its README sets it up; PEER_OPTIONS are its own settings."""

from benchmarks.peers.settings.base import *  # noqa: F403
from benchmarks.peers.settings.base import INSTALLED_APPS, OPTIONS, SENDS_WITH, TEMPLATES

INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]
EMAIL_BACKEND = "post_office.EmailBackend"
TEMPLATES = [*TEMPLATES, {**TEMPLATES[0], "NAME": "post_office"}]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
POST_OFFICE = {"BACKENDS": {"default": SENDS_WITH}, **OPTIONS}
