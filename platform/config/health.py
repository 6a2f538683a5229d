"""`/healthz`: this process lives. `/readyz`: it can do its work.

Ready means that orders can be accepted, and for that the database is enough. Broker, worker and
beat are reported and never fail the answer: while they are away, orders wait in the database.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config import broker_probe
from config.heartbeats import STALE_AFTER
from notifications import alarms
from notifications import heartbeats as signs_of_life

COMPONENTS = ("worker", "beat")


@require_safe
def alive(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """Answer 200 whenever the process can answer at all."""
    return JsonResponse({"status": "alive"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """Answer 200 when the database answers and is migrated, otherwise 503. Alarms never fail it.

    The body tells the state of each part: `{"status": "ready", "database": {"status": "ok"},
    "broker": {"status": "unreachable", "reason": "…"}, "worker": {"status": "stale", "seen_at": …},
    "beat": {"status": "ok", "seen_at": …}, "alarms": [{"code": "provider", "sentence": "…"}]}`.
    """
    broker = broker_probe.latest()
    try:
        pending = _pending_migrations()
        parts = _parts(now=timezone.now()) if not pending else {}
    except DatabaseError as error:
        reason = f"The database does not answer: {type(error).__name__}."
        return _unavailable(database=reason, broker=broker)
    if pending:
        reason = f"{pending} migrations are not applied; run `manage.py migrate`."
        return _unavailable(database=reason, broker=broker)
    return JsonResponse(
        {"status": "ready", "database": {"status": "ok"}, "broker": broker, **parts}
    )


def _unavailable(*, database: str, broker: dict[str, Any]) -> JsonResponse:
    body = {
        "status": "unavailable",
        "database": {"status": "error", "reason": database},
        "broker": broker,
    }
    return JsonResponse(body, status=503)


# Reading all migrations costs 100 ms, and what a process once found applied stays applied for as
# long as its code is the same.
_migrated: set[str] = set()


def _pending_migrations() -> int:
    if connection.alias in _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return 0
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending == 0:
        _migrated.add(connection.alias)
    return pending


def _parts(*, now: datetime) -> dict[str, Any]:
    found = [asdict(alarm) for alarm in alarms.current(now=now)]
    return {**_components(now=now), "alarms": found}


def _components(*, now: datetime) -> dict[str, dict[str, Any]]:
    seen = signs_of_life.latest()
    return {component: _component(seen.get(component), now=now) for component in COMPONENTS}


def _component(seen_at: datetime | None, *, now: datetime) -> dict[str, Any]:
    if seen_at is None:
        return {"status": "never seen", "seen_at": None}
    fresh = now - seen_at <= STALE_AFTER
    return {"status": "ok" if fresh else "stale", "seen_at": seen_at}
