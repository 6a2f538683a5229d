"""A message made from a form is, to the last field, what Celery and kombu write themselves."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app, signals
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications import publishing, queues
from notifications.publishing import publisher
from notifications.tickets import AWAITS_COMMIT
from tests.support.valkey import ValkeyServer

Message = dict[str, Any]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
arguments = st.lists(
    scalars | st.lists(scalars | st.lists(scalars, max_size=3), max_size=30), max_size=4
)


def sent(valkey: ValkeyServer, *args: Any, queue: str = queues.LIVE, **options: Any) -> Message:
    """Publish a task and return its message, as it lay in the queue."""
    name = options.pop("name", queues.DELIVER)
    publisher.send(name, args=list(args), queue=queue, **options)
    with valkey.client() as client:
        message: Message = json.loads(client.lpop(queue))
        assert client.llen(queue) == 0
    return message


def comparable(message: Message) -> Message:
    """Return a message without what is each message's own; that is looked at here."""
    headers, properties = dict(message["headers"]), dict(message["properties"])
    task_id = headers.pop("id")
    assert task_id == str(UUID(task_id)) == headers.pop("root_id")
    assert task_id == properties.pop("correlation_id")
    assert str(UUID(properties.pop("delivery_tag"))) != task_id
    body = json.loads(base64.b64decode(message["body"]))
    return {**message, "body": body, "headers": headers, "properties": properties}


def by_celery(valkey: ValkeyServer, *args: Any, **options: Any) -> Message:
    """Return the message that Celery writes, as it does the first of each connection."""
    publisher.close()
    return comparable(sent(valkey, *args, **options))


def from_form(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, *args: Any, **options: Any
) -> Message:
    """Return the message that is made from a form, once one has been learned."""
    sent(valkey, *args, **options)
    with monkeypatch.context() as patched:
        patched.setattr(current_app, "send_task", None)  # it is not asked
        return comparable(sent(valkey, *args, **options))


@pytest.mark.parametrize(
    ("name", "queue", "args"),
    [
        (queues.DELIVER, queues.LIVE, [str(uuid4())]),
        (queues.DELIVER_BATCH, queues.BACKLOG, [[[str(uuid4()), 1] for _ in range(200)]]),
        (queues.DELIVER_BATCH, queues.LIVE, [[[str(uuid4()), 0]]]),
        (queues.APPLY_REPORTS, queues.PERIODIC, [[1, 2, 3]]),
        (queues.BULK_RUN, queues.PERIODIC, [12]),
        (queues.RELAY, queues.PERIODIC, []),
    ],
)
def test_a_message_from_a_form_is_celerys(
    valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    queue: str,
    args: list[Any],
) -> None:
    options: dict[str, Any] = {"name": name, "queue": queue, "ticket": 7}
    theirs = by_celery(valkey, *args, **options)
    ours = from_form(valkey, monkeypatch, *args, **options)
    assert ours == theirs
    assert ours["headers"]["retries"] == 7


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(args=arguments, ticket=st.integers(0, 10**6))
def test_whatever_the_arguments(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, args: list[Any], ticket: int
) -> None:
    theirs = by_celery(valkey, *args, ticket=ticket)
    assert from_form(valkey, monkeypatch, *args, ticket=ticket) == theirs


def test_a_message_that_awaits_a_commit_says_so(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = by_celery(valkey, "x", awaits_commit=True)
    ours = from_form(valkey, monkeypatch, "x", awaits_commit=True)
    assert ours == theirs
    assert ours["headers"][AWAITS_COMMIT] is True
    assert AWAITS_COMMIT not in from_form(valkey, monkeypatch, "x")["headers"]


def test_each_task_has_an_identity_of_its_own(valkey: ValkeyServer) -> None:
    found = [sent(valkey, "x") for _ in range(5)]
    assert len({message["headers"]["id"] for message in found}) == 5
    assert len({message["properties"]["delivery_tag"] for message in found}) == 5


@pytest.mark.parametrize("watcher", ["listener", "events"])
def test_where_somebody_watches_celery_writes_each_message(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, watcher: str
) -> None:
    def listen(**_: Any) -> None:
        """Do nothing."""

    written: list[str] = []
    really = current_app.send_task

    def send_task(name: str, **options: Any) -> Any:
        written.append(name)
        return really(name, **options)

    monkeypatch.setattr(current_app, "send_task", send_task)
    for _ in range(3):
        sent(valkey, "x")
    learned = len(written)
    if watcher == "listener":
        monkeypatch.setattr(signals.after_task_publish, "receivers", [("listen", listen)])
    else:
        monkeypatch.setitem(current_app.conf, "task_send_sent_event", True)
    for _ in range(3):
        sent(valkey, "x")
    assert (learned, len(written)) == (2, 5)  # one of the two is the form


def test_a_message_for_later_says_when(valkey: ValkeyServer) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(milliseconds=6)
    for _ in range(3):
        assert sent(valkey, "x", eta=at)["headers"]["eta"] == at.isoformat()
        assert sent(valkey, "x")["headers"]["eta"] is None


def test_a_form_is_learned_after_the_queue_was_declared(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[str] = []
    really = publishing.form_of

    def form_of(*args: Any, **options: Any) -> Any:
        with valkey.client() as client:
            assert client.llen(queues.LIVE) == 1
            assert client.exists(f"_kombu.binding.{queues.LIVE}")
        learned.append(options["queue"])
        return really(*args, **options)

    monkeypatch.setattr(publishing, "form_of", form_of)
    for _ in range(3):
        sent(valkey, "x")
    publisher.close()
    sent(valkey, "x")
    assert learned == [queues.LIVE] * 2, "once for each connection"


def test_where_keys_have_a_prefix_kombu_sends_each_message(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = current_app.connection_for_write

    def with_prefix(*, transport_options: dict[str, Any], **options: Any) -> Any:
        return really(
            transport_options={**transport_options, "global_keyprefix": "shop:"}, **options
        )

    monkeypatch.setattr(current_app, "connection_for_write", with_prefix)
    publisher.close()
    for _ in range(3):
        publisher.send(queues.DELIVER, args=["x"], queue=queues.LIVE)
    with valkey.client() as client:
        assert (client.llen(queues.LIVE), client.llen(f"shop:{queues.LIVE}")) == (0, 3)
    publisher.close()


def test_a_connection_that_the_broker_has_ended_costs_no_message(valkey: ValkeyServer) -> None:
    for _ in range(3):
        sent(valkey, "x")
        with valkey.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)
    sent(valkey, "x")


def test_a_connection_that_dies_takes_its_forms_with_it(valkey: ValkeyServer) -> None:
    theirs = by_celery(valkey, "x")
    sent(valkey, "x")
    sent(valkey, "x")
    valkey.kill()
    valkey.start()
    assert comparable(sent(valkey, "x")) == theirs
    assert comparable(sent(valkey, "x")) == theirs
