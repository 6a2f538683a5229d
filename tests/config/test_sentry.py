"""What leaves for Sentry tells what broke, and nothing of any person."""

import json
import subprocess
import sys

import pytest

from tests.config.running import ROOT

pytestmark = pytest.mark.one_database
# In a process of its own: Sentry's hooks would stay in this one.
PROGRAM = """
import json, os, sys
os.environ["DEBUG"] = "true"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from sentry_sdk.transport import Transport
from config import telemetry
class Kept(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            if item.type == "event":
                sys.stdout.write(json.dumps(item.payload.json, default=str) + "\\n")
telemetry.start_sentry("http://key@127.0.0.1:1/1", transport=Kept)
from django.test import Client
from django.urls import path
import django.conf
def breaks(request):
    address = "minji@example.com"
    raise RuntimeError(f"mailbox of {address} is full")
from config import urls
urls.urlpatterns.insert(0, path("breaks", breaks))
Client(raise_request_exception=False).post(
    "/breaks?recipient=minji@example.com", {"email": "minji@example.com"},
    headers={"host": "localhost", "cookie": "sessionid=s3cret"},
)
"""


def test_an_event_holds_no_address_no_body_and_no_cookie() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    [event] = [json.loads(line) for line in done.stdout.splitlines()]
    error = event["exception"]["values"][0]
    assert (error["type"], error["value"]) == ("RuntimeError", "mailbox of ***@example.com is full")
    assert set(event["request"]) <= {"method", "url"}
    assert "minji" not in done.stdout.replace("test_sentry", "")
    assert "s3cret" not in done.stdout
