"""A million finished mails behind it: does the drain, or a query's plan, feel them?"""

import re
import subprocess
import sys

import psycopg

from benchmarks import drain
from benchmarks.contenders import OURS, Contender
from benchmarks.field import Field
from benchmarks.measure import Spread
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict, ratio, with_range
from tests.support.postgres import create_database
from tests.support.processes import REPOSITORY

NAME = "million"
ROWS = 1_000_000
MAILS = 3000
TURNS = 5
FULL = "postroom_full"
COPY = """
    INSERT INTO {table} SELECT made.* FROM (SELECT one FROM {table} AS one LIMIT 1) AS first,
    generate_series(1, {rows}) AS n,
    LATERAL jsonb_populate_record(first.one, jsonb_build_object({changes})) AS made
"""
IDENTIFIER = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
NOTIFICATIONS = {
    "id": IDENTIFIER,
    "idempotency_key": "'finished-' || n",
    "message_id": "'<finished-' || n || '@shop.example.com>'",
    "reference": "'OLD-' || n",
    "recipient": "'old-' || n || '@example.com'",
}
ATTEMPTS = {"id": "1000 + n", "notification_id": IDENTIFIER}
NUMBERS = re.compile(r"\d[\d.:+ -]*")


def run(plan: Plan) -> Part:
    """Drain with and without the finished rows, in turns; on PostgreSQL."""
    part = Part(name=NAME)
    contender = next(one for one in OURS if one.key == "postroom-fast-hundreds")
    rows, mails = plan.size(ROWS, at_least=1000), plan.size(MAILS, at_least=500)
    rates: dict[str, list[float]] = {"empty": [], "full": []}
    with Field("postgres") as field:
        _fill(field, rows=rows)
        plan.say(f"{rows:,} finished rows are there")
        empty_plans = _plans_with_a_backlog(field, contender, mails=mails, template="")
        full_plans = _plans_with_a_backlog(field, contender, mails=mails, template=FULL)
        for turn in range(TURNS):
            for name, template in (("empty", ""), ("full", FULL)):
                found = drain.drain(field, contender, mails=mails, template=template)
                rates[name].append(found.rate)
                plan.say(f"{turn + 1}/{TURNS} {name}: {found.rate:,.0f}/s")
    spreads = {name: Spread(tuple(values)) for name, values in rates.items()}
    part.tables.append(
        Table(
            title=f"Drain with {rows:,} finished mails behind it (PostgreSQL, {TURNS} turns)",
            columns=("", "mails/s"),
            rows=[
                [name, with_range(one.median, one.lowest, one.highest)]
                for name, one in spreads.items()
            ],
        )
    )
    full, empty = spreads["full"].median, spreads["empty"].median
    part.verdicts = [
        ratio(f"{rows:,} finished rows: within 15 %", ours=full, theirs=empty, at_least=0.85),
        Verdict(
            promise=f"{rows:,} finished rows: the relay's queries go by the same indexes",
            measured="the same plans" if empty_plans == full_plans else "other plans",
            holds=empty_plans == full_plans,
        ),
    ]
    part.data = {
        "rows": rows,
        **{name: one.as_json() for name, one in spreads.items()},
        "plans": {"empty": empty_plans, "full": full_plans},
    }
    return part


def _plans_with_a_backlog(
    field: Field, contender: Contender, *, mails: int, template: str
) -> list[str]:
    """Return the plans while mails wait: a table without a row is read as it is."""
    with field.round(contender, mails=mails, template=template) as one:
        one.fill(mails)
        with psycopg.connect(one.url, autocommit=True) as connection:
            connection.execute(b"VACUUM ANALYZE")
        return plans(one.environment)


def _fill(field: Field, *, rows: int) -> None:
    """Send one mail, copy its records so many times, and keep that database."""
    contender = next(one for one in OURS if one.key == "postroom-fast-hundreds")
    assert field.server is not None
    with field.round(contender, mails=1) as one:
        one.fill(1)
        one.start()
        drain.wait(one, 1)
        drain.wait_for_records(one)
        one.stop()
        create_database(field.server.url, FULL, template=one.url.rpartition("/")[2])
    url = f"{field.server.url.rpartition('/')[0]}/{FULL}"
    with psycopg.connect(url, autocommit=True) as connection:
        for table, changes in (
            ("notifications_notification", NOTIFICATIONS),
            ("notifications_deliveryattempt", ATTEMPTS),
        ):
            pairs = ", ".join(f"'{name}', {value}" for name, value in changes.items())
            connection.execute(COPY.format(table=table, changes=pairs, rows=rows).encode())
        # The copied mail itself goes: its key is the first that a run enqueues.
        connection.execute(b"DELETE FROM notifications_deliveryattempt WHERE id < 1000")
        connection.execute(
            b"DELETE FROM notifications_notification WHERE idempotency_key NOT LIKE 'finished-%'"
        )
        connection.execute(
            b"SELECT setval(pg_get_serial_sequence('notifications_deliveryattempt', 'id'),"
            b" (SELECT max(id) FROM notifications_deliveryattempt))"
        )
        connection.execute(b"VACUUM ANALYZE")
    field.databases.keep(FULL, url=url)


PLANS = """
import django; django.setup()
from django.utils import timezone
from notifications import relay
now = timezone.now()
for query in (relay.expired_claims(now), relay.overdue(now), relay.due(now)):
    print(query[:500].explain()); print("--")
"""


def plans(environment: dict[str, str]) -> list[str]:
    """Return what the relay's queries scan, without the numbers."""
    done = subprocess.run(
        [sys.executable, "-c", PLANS],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if "Scan" in line]
    return [NUMBERS.sub("", line.partition("(")[0]).strip(" ->") for line in lines]
