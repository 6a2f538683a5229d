"""/metrics tells what the database says, to those who may know, whichever process is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config.celery import app
from notifications.auditing import audit
from notifications.delivery import deliver
from notifications.models import DeliveryAttempt, Heartbeat, Notification
from notifications.publishing import publisher
from notifications.tickets import Ticketed
from orders.services import place_order
from tests.orders.requests import new_order
from tests.support.valkey import ValkeyServer

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(client: Client, **headers: Any) -> Samples:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200, response.content
    assert response.headers["Cache-Control"] == "no-store"
    return parse(response.content.decode())


def parse(text: str) -> Samples:
    return {
        (sample.name.removeprefix("postroom_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def place_and_send(count: int = 1) -> None:
    for _ in range(count):
        place_order(new_order())
    rows = Notification.objects.filter(status="queued")
    deliver([Ticketed(row.pk, row.ticket) for row in rows], retries_in_broker=False)


@pytest.mark.django_db
def test_counters_agree_with_the_records(client: Client, valkey: ValkeyServer) -> None:
    place_and_send(3)
    place_order(new_order())
    found = read(client)
    assert value(found, "accepted_total", event="order.placed") == Notification.objects.count() == 4
    assert value(found, "sent_total", event="order.placed") == 3
    attempts = DeliveryAttempt.objects.filter(outcome="accepted").count()
    labels = {"provider": "memory", "outcome": "accepted"}
    assert value(found, "attempts_total", **labels) == attempts == 3
    assert value(found, "attempt_duration_seconds_count", **labels) == 3
    assert value(found, "attempt_duration_seconds_bucket", le="+Inf", **labels) == 3
    assert value(found, "event_to_sent_seconds_count", event="order.placed") == 3
    assert value(found, "notifications", status="queued") == 1


@pytest.mark.django_db
def test_dead_letters_are_counted_by_reason(
    client: Client, valkey: ValkeyServer, settings: Any
) -> None:
    place_order(new_order(number="SO-1"))
    Notification.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    place_and_send(0)
    assert value(read(client), "failed_total", event="order.placed", reason="expired") == 1


@pytest.mark.django_db
def test_gauges_tell_what_waits_and_who_lives(client: Client, valkey: ValkeyServer) -> None:
    place_order(new_order())
    Notification.objects.update(budget_started_at=timezone.now() - timedelta(seconds=90))
    Heartbeat.objects.create(component="beat", instance="beat@a", seen_at=timezone.now())
    audit()
    publisher.send("notifications.relay", args=[], queue="periodic")
    found = read(client)
    assert 90 <= value(found, "oldest_due_age_seconds") < 120
    assert value(found, "broker_up") == 1
    assert value(found, "queue_messages", queue="periodic") == 1
    assert value(found, "audit_findings", kind="missing") == 0
    assert value(found, "heartbeat_timestamp_seconds", component="beat", instance="beat@a") > 0
    assert value(found, "provider_breaker_state", provider="memory", state="closed") == 1
    assert value(found, "provider_takes_mail", provider="memory") == 1
    assert value(found, "alarms", code="provider") == 0


@pytest.mark.django_db
def test_without_a_broker_the_rest_is_still_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    publisher.reset()
    found = read(client)
    assert value(found, "broker_up") == 0
    assert not [name for name, _ in found if name == "queue_messages"]
    publisher.reset()


@pytest.mark.django_db
def test_no_metric_holds_anything_of_a_person(client: Client, valkey: ValkeyServer) -> None:
    place_and_send()
    order = Notification.objects.get()
    text = client.get("/metrics").content.decode()
    assert "@example.com" not in text
    assert order.reference not in text


@pytest.mark.django_db
def test_with_a_token_only_the_token_opens(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "s3cret"
    response = client.get("/metrics")
    assert (response.status_code, response.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert client.get("/metrics", headers={"authorization": "Bearer nope"}).status_code == 401
    assert read(client, authorization="Bearer s3cret")


@pytest.mark.django_db
def test_without_a_token_only_near_networks_may_read(client: Client, settings: Any) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200


@pytest.mark.django_db
def test_a_proxy_on_this_machine_opens_it_to_nobody(client: Client) -> None:
    response = client.get(
        "/metrics", headers={"x-forwarded-for": "203.0.113.9"}, REMOTE_ADDR="127.0.0.1"
    )
    assert response.status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_a_monitor_may_ask_by_ip_address(client: Client, path: str) -> None:
    assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/admin/login/", headers={"host": "10.1.2.3:8000"}).status_code == 400


@pytest.mark.django_db
def test_a_scrape_asks_as_often_for_much_mail_as_for_little(
    client: Client, valkey: ValkeyServer, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    place_and_send(20)
    with django_assert_max_num_queries(25):
        read(client)


def test_wrong_networks_are_refused_with_a_sentence() -> None:
    from config.env import Environment, SettingError

    with pytest.raises(SettingError, match="set networks such as"):
        Environment({"M": "10.0.0.1/8"}).networks("M", "", about=".")
