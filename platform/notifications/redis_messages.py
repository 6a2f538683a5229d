"""A task's message as Celery and kombu write it for Redis, without asking them anew for each.

They take a millisecond to publish one, of which Redis needs the smallest part: it stands between an
event and its mail, and in the way of whoever answers requests in the same process. So they write
one for each task and queue, and in the others only what differs is replaced.

Only what they would write in just this way is written so (`is_watched`, `form_of`); the tests hold
the two to the same messages.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from celery import Celery, signals
from celery.utils.saferepr import saferepr
from kombu import Connection
from kombu.transport import redis
from kombu.utils.uuid import uuid
from pydantic_core import to_json

NO_HEADERS: Mapping[str, Any] = MappingProxyType({})
_SIGNALS = (signals.before_task_publish, signals.after_task_publish, signals.task_sent)


@dataclass(frozen=True, kw_only=True)
class Form:
    """One task's message in one queue, to be filled in.

    Attributes:
        content: the message as it lies in the queue.
        embedded: what its body holds beside the arguments.
        longest_repr: how much of the arguments is shown to whoever watches workers, in characters.
    """

    content: dict[str, Any]
    embedded: dict[str, Any]
    longest_repr: int

    def filled(
        self, args: Sequence[Any], *, retries: int, headers: Mapping[str, Any] = NO_HEADERS
    ) -> bytes:
        """Return the message of a new task.

        Args:
            args: its positional arguments, JSON-ready.
            retries: what its header of this name says.
            headers: further ones.
        """
        task_id = uuid()
        shown = saferepr(args or (), self.longest_repr)
        own = {"id": task_id, "root_id": task_id, "argsrepr": shown, "retries": retries, **headers}
        properties = self.content["properties"]
        return to_json(
            {
                **self.content,
                "body": base64.b64encode(to_json([args, {}, self.embedded])).decode("ascii"),
                "headers": {**self.content["headers"], **own},
                "properties": {**properties, "correlation_id": task_id, "delivery_tag": uuid()},
            }
        )


def is_watched(app: Celery) -> bool:
    """Return whether somebody wants to be told of each message; then Celery is to write it."""
    return any(signal.receivers for signal in _SIGNALS) or bool(app.conf.task_send_sent_event)


def form_of(app: Celery, name: str, *, queue: str) -> Form | None:
    """Return the form of a task's messages, or None if they have something that it has not.

    Nobody may watch (`is_watched`), or would see one message more.
    """
    message = _written(app, name, queue=queue)
    properties = dict(message.properties)
    if properties.get("priority") or properties.get("body_encoding") != "base64":
        return None
    return Form(
        content={
            "body": "",
            "content-encoding": message.content_encoding,
            "content-type": message.content_type,
            "headers": dict(message.headers),
            "properties": properties,
        },
        embedded=message.decode()[2],
        longest_repr=app.amqp.argsrepr_maxsize,
    )


def client_of(connection: Connection) -> Any:
    """Return a Redis client with a connection of its own, or None where messages need kombu's.

    That is where the broker is no Redis, or shares one with others by a prefix of its keys.
    Kombu makes a client for each message, which takes a connection from the pool and looks whether
    it is alive; whoever uses this one sees that when it fails.
    """
    channel = connection.default_channel
    if not isinstance(channel, redis.Channel) or channel.global_keyprefix:
        return None
    with channel.conn_or_acquire() as client:
        return client.client()


def _written(app: Celery, name: str, *, queue: str) -> Any:
    """Return one message, as Celery and kombu write it to a queue in memory."""
    with Connection("memory://") as connection:
        channel: Any = connection.default_channel
        producer = app.amqp.Producer(channel, auto_declare=False)
        app.send_task(name, args=[""], queue=queue, producer=producer, retry=False, declare=[])
        return channel.basic_get(queue, no_ack=True)
