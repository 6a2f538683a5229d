"""What the release before put into the broker, this one's workers understand; names stay names.

The bodies are written down as they were, and not made by today's code: that is what they guard.
"""

import json
from collections.abc import Callable

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from kombu import Connection

from config.celery import app
from notifications import queues
from notifications.models import Notification
from notifications.states import Status
from providers import connections
from tests.support.smtp_sink import SmtpSink
from tests.support.valkey import ValkeyServer
from tests.support.waiting import eventually

Enqueued = Callable[..., Notification]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("greeting_templates", "valkey"),
]
EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def put(name: str, arguments: list[object], *, queue: str, retries: int) -> None:
    """Put a message into the broker as release 0.1 wrote it."""
    headers = {"lang": "py", "task": name, "id": f"{name}-1", "retries": retries, "eta": None}
    with Connection(app.conf.broker_url) as connection:
        connection.SimpleQueue(queue).producer.publish(
            json.dumps([arguments, {}, EMBED]),
            routing_key=queue,
            exchange="",
            content_type="application/json",
            content_encoding="utf-8",
            serializer=None,
            headers=headers,
            correlation_id=f"{name}-1",
        )


def close_kept_connection(**_: object) -> None:
    """Leave no socket behind with the worker's thread."""
    connections.reset()


def test_a_worker_takes_the_messages_of_the_release_before(
    enqueued: Enqueued, sink: SmtpSink, valkey: ValkeyServer
) -> None:
    live, first, second = (enqueued() for _ in range(3))
    with valkey.client() as client:
        client.flushall()  # what today's code published
    put("notifications.deliver", [str(live.pk)], queue="live", retries=0)
    batch = [[str(first.pk), 0], [str(second.pk), 0]]
    put("notifications.deliver_batch", [batch], queue="backlog", retries=0)
    signals.task_postrun.connect(close_kept_connection)
    with start_worker(
        app, pool="solo", perform_ping_check=False, queues=queues.ALL, shutdown_timeout=20
    ):
        eventually(
            lambda: Notification.objects.filter(status=Status.SENT).count() == 3,
            within=20,
            about="three mails",
        )
    signals.task_postrun.disconnect(close_kept_connection)
    assert len(sink.messages) == 3


def test_no_state_of_the_first_release_is_gone() -> None:
    assert {
        *("queued", "sending", "retrying", "unknown", "sent", "delivered"),
        *("bounced", "complained", "failed", "suppressed", "cancelled"),
    } <= set(Status.values)
