"""What a page costs: processor time here and in the database, its queries, and their plans.

Processor time rather than the clock's: it says the same on a machine that does other things too.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.admin.data import BIG

ANSWERS = 12
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Cost:
    """What one page cost.

    Attributes:
        seconds: of processor time for one answer, of this process and the database's.
        queries: how many the page needed.
        scans: the tables of `BIG` that were read from end to end, each with its query.
        slowest: the query that took longest, with its plan in one line.
    """

    seconds: float
    queries: int
    scans: list[tuple[str, str]] = field(default_factory=list)
    slowest: str = ""


def measure(client: Client, url: str) -> Cost:
    """Ask for a page some times, and look at its queries.

    Raises:
        AssertionError: the answer is not 200.
    """
    _answer(client, url)  # what is made once by a process is made now
    with CaptureQueriesContext(connection) as captured:
        _answer(client, url)
    statements = [query["sql"] for query in captured]  # now: the next request forgets them
    began = _used()
    for _ in range(ANSWERS):
        _answer(client, url)
    cost = Cost(seconds=(_used() - began) / ANSWERS, queries=len(statements))
    slowest = 0.0
    for statement in statements:
        if not statement.lstrip("( \n").upper().startswith(("SELECT", "WITH")):
            continue
        plan = _plan(statement)
        cost.scans += [(table, statement) for table in _scanned(plan["Plan"]) if table in BIG]
        if plan["Execution Time"] > slowest:
            slowest = plan["Execution Time"]
            cost.slowest = f"{slowest:.1f} ms: {' < '.join(_nodes(plan['Plan']))}"
    return cost


def _used() -> float:
    """Return the processor time used so far by this process and its database session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) * TICK


def _answer(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"


def _plan(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.replace("%", "%%"), [])
        plan: dict[str, Any] = cursor.fetchone()[0][0]
        return plan


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"].endswith("Seq Scan"):
        yield node["Relation Name"]
    for part in node.get("Plans", ()):
        yield from _scanned(part)


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    name = node.get("Index Name") or node.get("Relation Name")
    yield f"{node['Node Type']}{f' {name}' if name else ''}"
    for part in node.get("Plans", ()):
        yield from _nodes(part)
