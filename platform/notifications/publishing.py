"""Puts notifications into the broker, and never lets the broker hold up who asks.

The row is the truth: a message that cannot be published is published later by the relay. So each
step here is bounded by `PATIENCE`, and after a failure the broker is left alone for `RESPITE`,
during which callers return at once.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import structlog
from celery import current_app
from django.conf import settings
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import ChannelError, OperationalError

from notifications import queues
from notifications.redis_messages import Form, client_of, form_of, is_watched
from notifications.tickets import AWAITS_COMMIT, Ticketed

log = structlog.get_logger()

PUBLISHED_GRACE = timedelta(seconds=30)
"""How long a published message may take to be claimed before the relay publishes it again."""
PATIENCE = timedelta(milliseconds=400)
"""How long one exchange with the broker may take. A refused broker answers in 1 ms; a hung or
black-holed one costs this once or twice, well below the 1.5 s that an order may take."""
RESPITE = timedelta(seconds=5)
"""How long the broker is left alone after a failure."""
DEEP = 20
"""Messages in the live queue from which on workers count as behind."""
DEPTH_KEPT = timedelta(seconds=1)
"""How long a measured queue depth is believed."""
DEEP_KEPT = timedelta(milliseconds=100)
"""How long one is believed that says that workers are behind."""

BATCH = 200
"""Most notifications in one message."""
FEW = 5
"""Mails of one moment that are still worth a message each, so that free workers share them."""

Result = TypeVar("Result")


class BrokerUnavailable(Exception):
    """The broker was out of reach, or is being left alone after it was."""


class Publisher(threading.local):
    """A kept broker connection of one thread of one process, made on first use (after the fork)."""

    # Shared by the threads of a process: what one of them found out spares the others the wait.
    _resume_at: ClassVar[float] = 0.0
    _depths: ClassVar[dict[str, tuple[float, int]]] = {}

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._asking: Any = None  # a channel; kombu's stubs know only the base of transports'
        self._client: Any = None
        self._forms: dict[tuple[str, str], Form | None] = {}
        self._owner = 0

    def send(
        self,
        name: str,
        *,
        args: Sequence[Any],
        queue: str,
        ticket: int = 0,
        eta: datetime | None = None,
        awaits_commit: bool = False,
    ) -> None:
        """Publish one task by name.

        Args:
            name: the task's name.
            args: its positional arguments, JSON-ready.
            queue: where it goes.
            ticket: what the message carries as its `retries` header.
            eta: not before then; soon, for a worker keeps the message in its memory until then.
            awaits_commit: whether the message says that its row may not be committed yet.

        Raises:
            BrokerUnavailable: it was not published, as far as we know.
        """

        headers = {AWAITS_COMMIT: True} if awaits_commit else {}

        def publish(connection: Connection) -> int | None:
            """Return how many messages lie in the queue now, where the broker says so unasked."""
            has_form = eta is None and not is_watched(current_app)
            # Asked here, for a connection that has failed takes its forms with it.
            if has_form and (form := self._forms.get((name, queue))) is not None:
                message = form.filled(args, retries=ticket, headers=headers)
                return int(self._client.lpush(queue, message))
            # A producer is a light wrapper around the connection's default channel.
            producer = current_app.amqp.Producer(connection, auto_declare=False)
            current_app.send_task(
                name,
                args=args,
                queue=queue,
                retries=ticket,
                eta=eta,
                headers=headers,
                producer=producer,
                retry=False,
            )
            if has_form:  # from now on: the first over this connection has declared the queue
                self._learn_form(connection, name, queue)
            return None

        told = self._exchange(publish)
        if told is not None:
            self._depths[queue] = (time.monotonic(), told)
        elif queue in self._depths:
            measured_at, known = self._depths[queue]
            self._depths[queue] = (measured_at, known + 1)

    def depth(self, queue: str, *, kept: timedelta = DEPTH_KEPT) -> int:
        """Return how many messages wait in a queue: as of a moment ago, and what we sent since.

        Never too low by what we sent, and too high by what workers have taken meanwhile.

        Args:
            queue: its name.
            kept: how old what was measured may be.

        Raises:
            BrokerUnavailable: the broker cannot be asked.
        """
        measured_at, known = self._depths.get(queue, (0.0, 0))
        now = time.monotonic()
        if now - measured_at < kept.total_seconds():
            return known

        def measure(connection: Connection) -> int:
            # Kept, for with Redis each channel is a connection of its own. An error does not end
            # it: AMQP's is opened again by its client.
            channel: Any = self._asking or connection.channel()
            self._asking = channel
            try:
                return int(channel.queue_declare(queue=queue, passive=True).message_count)
            except ChannelError:  # there is no such queue until something waits in it
                return 0

        count = self._exchange(measure)
        self._depths[queue] = (now, count)
        return count

    def _learn_form(self, connection: Connection, name: str, queue: str) -> None:
        if (name, queue) in self._forms:
            return
        self._client = self._client or client_of(connection)
        form = None if self._client is None else form_of(current_app, name, queue=queue)
        self._forms[name, queue] = form

    def _exchange(self, action: Callable[[Connection], Result]) -> Result:
        if time.monotonic() < self._resume_at:
            raise BrokerUnavailable("left alone after a failure")
        try:
            if self._has_connection():
                # It may have died since it was last used: that is worth one fresh one.
                with suppress(OperationalError, OSError):
                    return self._once(action)
            return self._once(action)
        except (OperationalError, OSError) as error:
            Publisher._resume_at = time.monotonic() + RESPITE.total_seconds()
            log.warning("broker_unavailable", error_class=type(error).__name__)
            raise BrokerUnavailable(type(error).__name__) from error

    def _once(self, action: Callable[[Connection], Result]) -> Result:
        connection = self._kept_or_new()
        try:
            # Said explicitly: left to itself kombu would try twice, two seconds apart.
            connection.ensure_connection(max_retries=0)
            return action(connection)
        except (
            *connection.recoverable_connection_errors,
            *connection.connection_errors,
        ) as error:
            self.close()
            raise OperationalError(type(error).__name__) from error

    def _has_connection(self) -> bool:
        return self._connection is not None and self._owner == os.getpid()

    def _kept_or_new(self) -> Connection:
        if self._connection is None or self._owner != os.getpid():
            patience = PATIENCE.total_seconds()
            self._connection = current_app.connection_for_write(
                connect_timeout=patience,
                transport_options={
                    "socket_timeout": patience,
                    "socket_connect_timeout": patience,
                },
            )
            self._asking, self._client, self._forms = None, None, {}
            self._owner = os.getpid()
        return self._connection

    def reset(self) -> None:
        """Forget connection, failures and depths, as a new process would."""
        self.close()
        Publisher._resume_at = 0.0
        Publisher._depths.clear()

    def close(self) -> None:
        """Drop the connection; the next exchange opens one."""
        connection, self._connection, self._asking = self._connection, None, None
        if connection is not None and self._owner == os.getpid():
            connection.release()


publisher = Publisher()


def publish_live(tickets: Sequence[Ticketed]) -> int:
    """Publish freshly committed notifications; return how many went out.

    A few go out one by one, each to the next free worker; more go out together. Stops at the
    first failure, and when the queue is full: what is left is the relay's.
    """
    if len(tickets) > FEW:
        return publish_live_batches(tickets, size=BATCH)
    published = 0
    try:
        room = max(settings.BROKER_QUEUE_BOUND - publisher.depth(queues.LIVE), 0)
        for ticketed in tickets[:room]:
            publisher.send(
                queues.DELIVER,
                args=[str(ticketed.id)],
                queue=queues.LIVE,
                ticket=ticketed.ticket,
            )
            published += 1
    except BrokerUnavailable:
        # Once is said by broker_unavailable; during an outage this is every request.
        log.debug("publish_left_to_relay", count=len(tickets) - published)
    return published


def publish_ahead(tickets: Sequence[Ticketed]) -> bool:
    """Publish notifications that are about to be committed; return whether all went out.

    Each on its own, with word that its row may still be on its way.
    """
    try:
        if len(tickets) > settings.BROKER_QUEUE_BOUND - publisher.depth(queues.LIVE):
            return False
        for ticketed in tickets:
            publisher.send(
                queues.DELIVER,
                args=[str(ticketed.id)],
                queue=queues.LIVE,
                ticket=ticketed.ticket,
                awaits_commit=True,
            )
    except BrokerUnavailable:
        return False
    return True


def publish_live_batches(tickets: Sequence[Ticketed], *, size: int) -> int:
    """Publish freshly committed notifications in batches of `size`; return how many went out.

    For a live queue that workers are behind with: there a mail's own message would cost as much
    as the mail. It stops where `publish_live` does.
    """
    published = 0
    try:
        room = max(settings.BROKER_QUEUE_BOUND - publisher.depth(queues.LIVE), 0)
        for start in range(0, min(len(tickets), room), size):
            batch = tickets[start : start + size]
            publish_batch(batch, queue=queues.LIVE)
            published += len(batch)
    except BrokerUnavailable:
        log.debug("publish_left_to_relay", count=len(tickets) - published)
    return published


def is_behind() -> bool:
    """Return whether workers have more live messages before them than they can take up at once."""
    try:
        # What we sent within a second says nothing of how much of it is still there.
        return (
            publisher.depth(queues.LIVE) > DEEP
            and publisher.depth(queues.LIVE, kept=DEEP_KEPT) > DEEP
        )
    except BrokerUnavailable:
        return False


def shortest_delay() -> timedelta:
    """Return the shortest time that the broker can hold a message back, if it does so at all.

    RabbitMQ delays by whole seconds and refuses less than one; with Redis a worker waits.
    """
    is_amqp = settings.CELERY_BROKER_URL.startswith("amqp")
    return timedelta(seconds=1.1) if is_amqp else timedelta()


def publish_later(ticketed: Ticketed, *, at: datetime) -> None:
    """Publish a live notification for a time soon to come; if that fails, the relay has the row."""
    try:
        publisher.send(
            queues.DELIVER,
            args=[str(ticketed.id)],
            queue=queues.LIVE,
            ticket=ticketed.ticket,
            eta=max(at, timezone.now() + shortest_delay()),
        )
    except BrokerUnavailable:
        log.debug("publish_left_to_relay", count=1)


def publish_batch(tickets: Sequence[Ticketed], *, queue: str = queues.BACKLOG) -> None:
    """Publish a batch as one message, for the backlog workers unless `queue` says otherwise.

    Raises:
        BrokerUnavailable: it was not published.
    """
    publisher.send(
        queues.DELIVER_BATCH,
        args=[[[str(ticketed.id), ticketed.ticket] for ticketed in tickets]],
        queue=queue,
    )


def publish_reports(event_ids: Sequence[int]) -> None:
    """Have a worker apply reports that were just stored; without a broker the relay does it."""
    try:
        publisher.send(queues.APPLY_REPORTS, args=[list(event_ids)], queue=queues.PERIODIC)
    except BrokerUnavailable:
        log.debug("reports_left_to_relay", count=len(event_ids))
