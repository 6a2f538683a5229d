"""Providers can be used without a database, a broker or a web framework."""

import subprocess
import sys

ALONE = """
import sys
from datetime import timedelta
from django.conf import settings
settings.configure(
    MAILERS={"memory": {
        "BACKEND": "django.core.mail.backends.locmem.EmailBackend",
        "OPTIONS": {}, "TYPE": "memory", "RATE": None,
    }},
    EMAIL_PROVIDERS=["memory"],
    EMAIL_SEND_TIMEOUT=timedelta(seconds=1),
)
from django.core.mail import EmailMultiAlternatives
from providers import routing, sending
from providers.transports import anymail_http, ses, smtp
message = EmailMultiAlternatives("s", "b", "a@example.org", ["c@example.com"])
assert sending.send("memory", message).provider == "memory"
found = {"celery", "rest_framework", "django.db.models"} & set(sys.modules)
sys.exit(f"imported: {found}" if found else 0)
"""


def test_sending_needs_neither_models_nor_celery_nor_drf() -> None:
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
