"""What a mail and an order cost, counted as work and not as time: these do not flicker under load.

Each bound stands close above what was counted when it was written. Whoever has to raise one has
made every mail dearer: `make bench` says by how much.
"""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jinja2 import Environment

from access.actors import Actor
from notifications import claims, operations, queues, relay
from notifications.delivery import deliver
from notifications.models import Notification
from notifications.outbox import NewNotification, enqueue
from notifications.publishing import publish_live, publisher
from notifications.recording import Recorder
from notifications.tickets import Ticketed
from providers import routing, state
from tests.support.plans import plan_of
from tests.support.smtp_sink import SmtpSink
from tests.support.valkey import ValkeyServer

New = Callable[..., NewNotification]
BATCH = 50

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("greeting_templates", "known_templates"),
]


def sql_of(captured: CaptureQueriesContext) -> list[str]:
    """Return the statements that read or write."""
    return [
        query["sql"].strip()
        for query in captured.captured_queries
        if query["sql"].strip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
    ]


def commits_of(captured: CaptureQueriesContext) -> int:
    """Return how often something was committed: by a transaction, or by a statement alone."""
    commits, is_open = 0, False
    for query in captured.captured_queries:
        statement = query["sql"].strip()
        if statement.startswith("BEGIN"):
            is_open = True
        elif statement == "COMMIT":
            commits, is_open = commits + 1, False
        elif not is_open and statement.startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
            commits += 1
    return commits


def owe(new: New, count: int) -> list[Ticketed]:
    """Enqueue so many mails, and return what their messages would carry."""
    with transaction.atomic():
        rows = enqueue([new() for _ in range(count)])
    return [Ticketed(row.id, row.ticket) for row in rows]


def send(tickets: Sequence[Ticketed]) -> CaptureQueriesContext:
    """Deliver as one batch; return the queries of it."""
    with CaptureQueriesContext(connection) as captured:
        report = deliver(tickets, retries_in_broker=False)
    assert len(report.delivered) == len(tickets)
    return captured


@pytest.fixture
def warm(
    new_notification: New,
    sink: SmtpSink,
    valkey: ValkeyServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> SmtpSink:
    """A process that has sent mail before, and that does not mind how busy the machine is."""
    settings.SENDING_THREADS = 1  # a busy machine looks like a slow provider, which gets more
    monkeypatch.setattr(Recorder, "PATIENCE", timedelta(hours=1))
    monkeypatch.setattr(state, "RECENT", 3600.0)
    routing.reset()
    send(owe(new_notification, 2))
    return sink


class Counter:
    """Counts the commands that a Valkey was asked, by name."""

    def __init__(self, valkey: ValkeyServer) -> None:
        self._valkey = valkey
        self._before = self._counts()

    def _counts(self) -> dict[str, int]:
        with self._valkey.client() as client:
            found: dict[str, Any] = client.info("commandstats")  # type: ignore[assignment]
        return {name.removeprefix("cmdstat_"): one["calls"] for name, one in found.items()}

    def asked(self) -> dict[str, int]:
        """Return what was asked since; this object's own questions are left out."""
        changes = {name: n - self._before.get(name, 0) for name, n in self._counts().items()}
        own = ("info", "client|setinfo", "hello", "auth", "select")
        return {name: n for name, n in changes.items() if n and name not in own}


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Jinja compiles."""
    seen: list[str] = []
    compile_one = Environment.compile

    def counted(self: Environment, source: Any, *arguments: Any, **keywords: Any) -> Any:
        seen.append(str(source)[:80])
        return compile_one(self, source, *arguments, **keywords)

    monkeypatch.setattr(Environment, "compile", counted)
    return seen


def test_enqueueing_takes_one_query_whatever_the_number(
    new_notification: New, valkey: ValkeyServer
) -> None:
    for count in (1, 100):
        with CaptureQueriesContext(connection) as captured:
            owe(new_notification, count)
        assert len(sql_of(captured)) == 1, sql_of(captured)
        assert commits_of(captured) == 1


def test_a_batch_is_claimed_and_recorded_in_few_queries(
    new_notification: New, warm: SmtpSink
) -> None:
    captured = send(owe(new_notification, BATCH))
    # Claim, move, attempts; the rollups' two, each for many rows, are not in the log.
    assert len(sql_of(captured)) <= 4, sql_of(captured)
    # The claim, and what became of it (twice, if it took more than a quarter of a second).
    assert commits_of(captured) <= 3


def test_no_statement_about_a_batch_reads_all_that_waits(
    new_notification: New, warm: SmtpSink
) -> None:
    if connection.vendor == "postgresql":  # which plans by what it knows of a real table
        owe(new_notification, 8_000)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Notification._meta.db_table}")
    with CaptureQueriesContext(connection) as captured:
        deliver(owe(new_notification, BATCH), retries_in_broker=False)
        tickets = owe(new_notification, BATCH)
        claims.release(claims.claim(tickets, now=timezone.now()), at=timezone.now())
        claims.leave_to_relay(tickets, now=timezone.now())
        now = timezone.now() + timedelta(minutes=5)
        claims.postpone(tickets, until=now, now=now)
        relay._take_due(BATCH)
        operations.retry(
            [one.id for one in tickets], actor=Actor.system("tests"), reason="impatience"
        )
    marks = '"notifications_notification"."id" IN', "id = held_id"
    by_key = [sql for sql in sql_of(captured) if any(mark in sql for mark in marks)]
    assert len(by_key) >= 8
    for sql in by_key:
        plan = plan_of(sql)
        assert re.search(r"\(id=\?\)|Index Cond: \(\(?id = ", plan), (plan, sql[:500])


def test_a_live_mail_takes_few_queries_and_two_commits(
    new_notification: New, warm: SmtpSink
) -> None:
    captured = send(owe(new_notification, 1))
    assert len(sql_of(captured)) <= 4, sql_of(captured)
    assert commits_of(captured) == 2  # the claim, and what became of it


def test_no_template_is_parsed_again(
    new_notification: New, warm: SmtpSink, parses: list[str]
) -> None:
    send(owe(new_notification, BATCH))
    assert parses == []


def test_sending_asks_redis_a_few_times_a_batch(
    new_notification: New, warm: SmtpSink, valkey: ValkeyServer
) -> None:
    tickets = owe(new_notification, BATCH)
    counter = Counter(valkey)
    send(tickets)
    assert sum(counter.asked().values()) <= 12, counter.asked()


def test_a_batch_uses_one_connection(new_notification: New, warm: SmtpSink) -> None:
    before = warm.connections
    send(owe(new_notification, BATCH))
    assert warm.connections == before


def test_publishing_takes_one_push_a_message(new_notification: New, valkey: ValkeyServer) -> None:
    tickets = owe(new_notification, 3)
    publish_live(tickets[:1])
    counter = Counter(valkey)
    publish_live(tickets)
    assert counter.asked() == {"lpush": 3}


def test_a_message_is_small_and_knows_nobody(new_notification: New, valkey: ValkeyServer) -> None:
    publisher.reset()
    [ticket] = owe(new_notification, 1)
    with valkey.client() as client:
        client.delete(queues.LIVE)
        publish_live([ticket])
        [message] = client.lrange(queues.LIVE, 0, -1)
    assert len(message) <= 1_100
    assert Notification.objects.filter(pk=ticket.id).exists()
