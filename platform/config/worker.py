"""What a Postroom worker adds to Celery's: signs of life, also while the broker is away."""

from typing import Any

from celery import bootsteps
from celery.worker import consumer

from config import heartbeats


class HeartbeatStep(bootsteps.StartStopStep):
    """Beats from the worker's own timer, so that a main loop that hangs falls silent.

    The row is written by one of its children, which have connections to the database: the main
    loop has to open one each time, and mail waits for it, ten milliseconds. Only if no child has
    got to it in an interval, because all are busy, the main loop writes it.
    """

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._entry: Any = None
        self._is_awaited = False

    def start(self, parent: Any) -> None:
        """Beat now and from now on."""
        heartbeats.beat("worker", parent.hostname, forks=True)
        self._entry = parent.timer.call_repeatedly(
            heartbeats.INTERVAL.total_seconds(), self._beat, (parent,)
        )

    def _beat(self, parent: Any) -> None:
        if self._is_awaited:
            heartbeats.beat("worker", parent.hostname, forks=True)
            return
        heartbeats.touch()
        self._is_awaited = True
        if parent.semaphore is None:
            self._ask_child(parent)
        else:  # as Celery does: called now, or when a child is free
            parent.semaphore.acquire(self._ask_child, parent)

    def _ask_child(self, parent: Any) -> None:
        parent.pool.apply_async(
            heartbeats.record,
            ("worker", parent.hostname),
            callback=self._end_waiting,
            error_callback=self._end_waiting,  # the child has gone
        )

    def _end_waiting(self, _result: object) -> None:
        self._is_awaited = False

    def stop(self, parent: Any) -> None:
        """Fall silent."""
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None


class Consumer(consumer.Consumer):
    """Celery's consumer, which stays alive in the supervisor's eyes while it waits for the broker.

    Connecting again blocks the main loop, and its timer, for as long as the broker is away. Being
    restarted would not bring the broker back sooner.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Wait for the broker, touching the heartbeat file."""
        with heartbeats.kept_alive():
            connected = super().ensure_connected(conn)
            self._declare_queues(connected)
            return connected

    def _declare_queues(self, connection: Any) -> None:
        """Make the queues on RabbitMQ before Celery binds them to its delayed delivery.

        It does so before it declares them, and gives up on a broker that has never seen them.
        """
        if connection.transport.driver_type != "amqp":
            return
        for queue in self.app.amqp.queues.consume_from.values():
            queue(connection.default_channel).declare()
