"""`/metrics` says what the database says: each web process, whatever was restarted."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.api_client import ApiClient
from tests.support.processes import Service
from tests.support.smtp_sink import SmtpSink, refuse
from tests.support.stack import Stack, StartStack
from tests.support.waiting import eventually

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
# What may differ between two answers, a moment apart; it is compared with the database alone.
OF_THE_MOMENT = (
    "postroom_heartbeat_timestamp_seconds",
    "postroom_oldest_due_age_seconds",
    "postroom_queue_messages",  # a killed worker's messages come again, and end as copies
)
WAITED = 2.0  # seconds


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack()


@pytest.fixture(scope="module")
def second(stack: Stack) -> Iterator[tuple[Service, int]]:
    with stack.second_web() as second:
        yield second


def ask(port: int) -> Samples:
    """Return what the web process on this port tells, by name and labels."""
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def counted(samples: Samples, name: str, *labels: str) -> dict[Any, float]:
    """Return one metric of Postroom's by the values of these labels."""
    return {
        tuple(dict(found)[label] for label in labels): value
        for (its_name, found), value in samples.items()
        if its_name == f"postroom_{name}"
    }


def in_database(stack: Stack, what: str, table: str, *, only: str = "1 = 1") -> dict[Any, int]:
    """Count the rows of a table by some columns."""
    query = f"SELECT {what}, count(*) FROM notifications_{table} WHERE {only} GROUP BY {what}"
    return {tuple(names): count for *names, count in stack.rows(query)}


def place_one_of_each_kind(sink: SmtpSink, api: ApiClient, name: str) -> None:
    """Cause mail that is sent, sent after two retries, and refused for good."""
    sink.queue(*[refuse("451 4.3.0 Later")] * 2, to=f"{name}-later@example.com")
    sink.always(refuse("550 5.1.1 No such user"), to=f"{name}-nobody@example.com")
    for kind in ("soon", "soon", "later", "nobody"):
        answer = api.place_order(f"{name}-{kind}@example.com")
        assert answer.status_code == 201, answer.text
    api.add_event(answer.json()["number"], "paid", {})  # refused, too
    answer = api.place_order(f"{name}-paid@example.com")
    assert answer.status_code == 201, answer.text
    api.add_event(answer.json()["number"], "paid", {})


def hearts(stack: Stack) -> set[tuple[Any, ...]]:
    rows = stack.rows("SELECT component, instance FROM notifications_heartbeat")
    return {tuple(row) for row in rows}


def wait_until_settled(stack: Stack) -> None:
    eventually(lambda: not {"queued", "sending", "retrying"} & set(stack.statuses()), within=40)


def assert_it_tells_what_the_database_says(stack: Stack, samples: Samples) -> None:
    accepted = in_database(stack, "event", "notification")
    assert counted(samples, "accepted_total", "event") == accepted
    sent = in_database(stack, "event", "notification", only="status = 'sent'")
    assert counted(samples, "sent_total", "event") == sent
    assert counted(samples, "event_to_sent_seconds_count", "event") == sent
    failed = in_database(stack, "event, error_kind", "notification", only="status = 'failed'")
    assert counted(samples, "failed_total", "event", "reason") == failed
    attempts = in_database(stack, "provider, outcome", "deliveryattempt")
    assert counted(samples, "attempts_total", "provider", "outcome") == attempts
    durations = counted(samples, "attempt_duration_seconds_count", "provider", "outcome")
    assert durations == attempts
    retried = in_database(stack, "next_step", "deliveryattempt", only="next_step = 'retry'")
    assert sum(counted(samples, "retries_total", "event").values()) == sum(retried.values())
    statuses = stack.statuses()  # the gauge leaves out those of which there are ever more
    for (status,), count in counted(samples, "notifications", "status").items():
        assert count == statuses.get(status, 0), status


def assert_both_tell_what_the_database_says(stack: Stack, *ports: int) -> Samples:
    """Ask both web processes once all is settled; return what both said."""
    wait_until_settled(stack)
    beating = hearts(stack)
    answers = [ask(port) for port in ports]
    for samples in answers:
        assert_it_tells_what_the_database_says(stack, samples)
        told = set(counted(samples, "heartbeat_timestamp_seconds", "component", "instance"))
        assert beating <= told <= hearts(stack)  # the relay's first beat comes when it comes
    first, second = (
        {key: value for key, value in samples.items() if key[0] not in OF_THE_MOMENT}
        for samples in answers
    )
    assert first == second
    return first


def test_both_web_processes_agree_with_the_database_whatever_is_restarted(
    stack: Stack, second: tuple[Service, int], sink: SmtpSink
) -> None:
    other_web, other_port = second
    ports = (stack.port, other_port)
    other = ApiClient(url=f"http://127.0.0.1:{other_port}", key=stack.template.api_key)
    place_one_of_each_kind(sink, stack.api, "before-a")
    place_one_of_each_kind(sink, other, "before-b")
    before = assert_both_tell_what_the_database_says(stack, *ports)

    stack.live.kill()
    stack.restart(stack.live)
    stack.web.kill()
    stack.web.stop()  # what a killed main process leaves
    stack.web.start()
    stack.wait_for_web(stack.web, stack.port)
    # The other web process goes on: it must not know more, or less, than the new one.
    place_one_of_each_kind(sink, other, "after")
    between = assert_both_tell_what_the_database_says(stack, *ports)

    stack.restart(stack.backlog)
    other_web.stop()
    other_web.start()
    stack.wait_for_web(other_web, other_port)
    place_one_of_each_kind(sink, stack.api, "last")
    last = assert_both_tell_what_the_database_says(stack, *ports)

    for earlier, later in ((before, between), (between, last)):
        counters = [key for key in earlier if key[0].endswith(("_total", "_count"))]
        assert all(later[key] >= earlier[key] for key in counters)
    assert {("order.placed", "permanent"), ("order.paid", "permanent")} == set(
        counted(last, "failed_total", "event", "reason")
    )
    assert {("smtp", "accepted"), ("smtp", "transient"), ("smtp", "permanent")} == set(
        counted(last, "attempts_total", "provider", "outcome")
    )
    other.session.close()


def test_both_tell_of_mail_that_waits_for_a_worker(
    stack: Stack, second: tuple[Service, int]
) -> None:
    wait_until_settled(stack)
    stack.live.stop()
    stack.backlog.stop()
    assert stack.api.place_order("waits@example.com").status_code == 201
    time.sleep(WAITED)
    [(due,)] = stack.rows(
        "SELECT budget_started_at FROM notifications_notification WHERE status = 'queued'"
    )
    since = due if isinstance(due, datetime) else datetime.fromisoformat(f"{due}+00:00")
    for port in (stack.port, second[1]):
        samples = ask(port)
        [age] = counted(samples, "oldest_due_age_seconds").values()
        assert WAITED <= age <= time.time() - since.timestamp()
        assert counted(samples, "notifications", "status")[("queued",)] == 1
        assert counted(samples, "queue_messages", "queue")[("live",)] == 1
        assert counted(samples, "broker_up") == {(): 1}
