"""docs/api.md: every command in it is run, in its order, against a real server."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from access.models import ApiKey, IdempotencyKey
from config.env import Environment
from notifications import tasks
from notifications.models import Notification, ProviderEvent, Suppression
from notifications.states import Status
from orders.models import Order
from providers.configuration import read_providers

REPOSITORY = Path(__file__).resolve().parents[1]
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def database_url() -> str:
    """Return the address of the database that this test runs on, for manage.py."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="The commands need curl.")
@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_walkthrough_works(live_server: Any, settings: Any) -> None:
    settings.MAILERS = read_providers(
        Environment(
            {
                "EMAIL_PROVIDERS": "postmark",
                "POSTMARK_SERVER_TOKEN": "t",
                "POSTMARK_WEBHOOK_SECRET": "postroom:a-long-secret",
            }
        ),
        debug=False,
    )
    commands = SHELL_BLOCK.findall((REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8"))
    assert len(commands) > 5
    ran = subprocess.run(  # noqa: PLW1510  the output is worth more than the exception
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=REPOSITORY,
        env=os.environ | {"POSTROOM": live_server.url, "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert "It has been sent already" not in ran.stdout
    assert ApiKey.objects.get().name == "my shop"
    assert Order.objects.get(number="TEA-7").status == "shipped"
    assert Order.objects.count() == 2
    message = Notification.objects.get(reference="NEWS-7")
    assert (message.event, message.recipient) == ("shop.message", "minji@example.com")
    assert "#/context/paragraphs" in ran.stdout
    assert Notification.objects.get(status=Status.CANCELLED).send_at is not None
    assert IdempotencyKey.objects.get().key == "order-7-first-try"
    assert not Suppression.objects.exists()
    tasks.apply_reports([ProviderEvent.objects.get().pk])
    row = Notification.objects.get(event="order.placed", reference="TEA-7")
    assert (row.status, row.provider) == (Status.DELIVERED, "postmark")
