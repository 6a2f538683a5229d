"""/healthz and /readyz."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import broker_probe, health
from config.celery import app
from notifications.models import Heartbeat
from tests.config.running import environment
from tests.support.valkey import ValkeyServer


@pytest.fixture(autouse=True)
def fresh_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test see what another one learned about broker and migrations."""
    monkeypatch.setattr(broker_probe, "latest", broker_probe.BrokerProbe().latest)
    monkeypatch.setattr(health, "_migrated", set())


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def ready(client: Client, *, status: int = 200) -> dict[str, Any]:
    response = client.get("/readyz")
    assert response.status_code == status
    found: dict[str, Any] = response.json()
    return found


def test_a_process_that_lives_says_so_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_health_is_only_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


@pytest.mark.django_db
def test_ready_with_everything_at_work(client: Client, valkey: ValkeyServer) -> None:
    for component in ("worker", "beat"):
        Heartbeat.objects.create(component=component, instance="a", seen_at=timezone.now())
    found = ready(client)
    assert found["status"] == "ready"
    assert found["database"] == {"status": "ok"}
    assert found["broker"] == {"status": "ok"}
    assert found["worker"]["status"] == found["beat"]["status"] == "ok"


@pytest.mark.django_db
def test_without_worker_and_beat_orders_are_still_accepted(
    client: Client, valkey: ValkeyServer
) -> None:
    old = timezone.now() - timedelta(minutes=5)
    Heartbeat.objects.create(component="worker", instance="a", seen_at=old)
    found = ready(client)
    assert found["status"] == "ready"
    assert found["worker"]["status"] == "stale"
    assert found["beat"] == {"status": "never seen", "seen_at": None}


@pytest.mark.django_db
def test_without_a_broker_it_is_ready_and_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    found = ready(client)
    assert found["status"] == "ready"
    assert found["broker"]["status"] == "unreachable"


@pytest.mark.django_db
def test_a_black_holed_broker_costs_at_most_a_second_and_no_more_threads(
    client: Client, monkeypatch: pytest.MonkeyPatch, black_hole: str
) -> None:
    monkeypatch.setitem(app.conf, "broker_write_url", black_hole)
    client.get("/healthz")  # what the first request costs is no matter here
    threads = threading.active_count()
    for _ in range(5):
        begun = time.monotonic()
        found = ready(client)
        assert time.monotonic() - begun < 1.2
        assert found["broker"]["status"] == "unreachable"
    assert threading.active_count() <= threads + 1


@pytest.mark.django_db
def test_a_frozen_broker_costs_at_most_a_second(client: Client, valkey: ValkeyServer) -> None:
    assert ready(client)["broker"] == {"status": "ok"}
    time.sleep(broker_probe.FRESH_FOR.total_seconds())
    valkey.freeze()
    begun = time.monotonic()
    assert ready(client)["broker"]["status"] == "unreachable"
    assert time.monotonic() - begun < 1.2


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders'")
    found = ready(client, status=503)
    assert found["status"] == "unavailable"
    assert "run `manage.py migrate`" in found["database"]["reason"]


def test_a_database_that_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.test import Client;"
        "answer = Client().get('/readyz', headers={'host': 'localhost'});"
        "print(answer.status_code, answer.json()['database']['reason'])"
    )
    nobody = environment(tmp_path, DEBUG="true", DATABASE_URL="postgres://127.0.0.1:1/mail")
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**nobody, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout.startswith("503 The database does not answer")
