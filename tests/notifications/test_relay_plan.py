"""What the relay's queries cost beside a mountain of rows that are none of its business.

`RELAY_PLAN_ROWS=1000000` measures a million instead of the few hundred thousand that a test takes.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from notifications import relay
from notifications.claims import claim
from notifications.models import Notification
from notifications.tickets import Ticketed

ROWS = int(os.environ.get("RELAY_PLAN_ROWS", "100000"))
DUE = 1000
PAST = timedelta(minutes=5)

NUMBERS = {
    "sqlite": (
        "(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT %s) SELECT n FROM t)"
    ),
    "postgresql": "generate_series(1, %s) AS t(n)",
}
NEW_ID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def copies(row: Notification, count: int, **changes: str) -> None:
    """Insert `count` copies of a row in one statement; `changes` are SQL for columns."""
    key = f"{changes['status']} || '-' || n"
    own = {"id": NEW_ID[connection.vendor], "idempotency_key": key, **changes}
    columns = [field.column for field in Notification._meta.concrete_fields]
    picked = ", ".join(own.get(column, f"o.{column}") for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO notifications_notification ({', '.join(columns)}) SELECT {picked}"
            f" FROM notifications_notification o, {NUMBERS[connection.vendor]} WHERE o.id = %s",
            [count, row.pk.hex if connection.vendor == "sqlite" else row.pk],
        )


@pytest.fixture(params=["finished", "waiting"])
def mountain(request: pytest.FixtureRequest, enqueued: Callable[..., Notification]) -> str:
    """Very many rows that are finished, or due as after an outage; a few to recover and expire."""
    now = timezone.now()
    row = enqueued()
    copies(row, DUE, status="'queued'", relay_at=_sql(now - PAST))
    if request.param == "finished":
        copies(row, ROWS, status="'sent'", relay_at="NULL")
    else:
        copies(row, ROWS, status="'retrying'", relay_at=_sql(now - PAST), next_attempt_at=_sql(now))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_notification")
    stuck, old = enqueued(), enqueued()
    claim([Ticketed(stuck.id, 0)], now=now - PAST)
    Notification.objects.filter(pk=old.pk).update(relay_at=now, expires_at=now)
    return str(request.param)


def _sql(at: datetime) -> str:
    value = at.isoformat(sep=" ").removesuffix("+00:00")
    return f"'{value}'" if connection.vendor == "sqlite" else f"'{value}+00'::timestamptz"


def plan(query: QuerySet[Notification]) -> str:
    """Return how the database goes about a query, and what it really did where it says so."""
    analyze = {"analyze": True, "buffers": True} if connection.vendor == "postgresql" else {}
    return query.explain(**analyze)


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_a_sweep_reads_what_it_takes_up_and_little_else(
    mountain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    now = timezone.now()
    steps = {
        "notification_claimed": relay.expired_claims(now),
        "notification_expiring": relay.overdue(now),
        "notification_due": relay.due(now),
    }
    for index, query in steps.items():
        found = plan(query[: relay.SWEEP])
        began = time.monotonic()
        rows = list(query[: relay.SWEEP])
        took = time.monotonic() - began
        if "RELAY_PLAN_ROWS" in os.environ:
            with capsys.disabled():
                sys.stdout.write(f"\n{mountain}, {took * 1000:.1f} ms, {len(rows)} rows\n{found}\n")
        assert rows
        assert index in found, f"{mountain}: {found}"
        assert "Seq Scan" not in found, f"{mountain}: {found}"
