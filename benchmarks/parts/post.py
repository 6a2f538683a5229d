"""An order's POST: with mail owed, without, and the tutorial's view. The workers are stopped."""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks import place
from benchmarks.contenders import POSTROOM, TUTORIAL, Contender
from benchmarks.field import Field, Round
from benchmarks.measure import Spread, quantile
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict, share, with_range
from tests.support.processes import REPOSITORY, Service
from tests.support.stack import manage
from tests.support.waiting import eventually, free_port

NAME = "post"
CLIENTS = 4
ORDERS = 800
WARM_UP = 80
SHARES = {"p50": 0.50, "p99": 0.99}
GUNICORN = ("gunicorn", "--workers", "2", "--worker-class", "gthread", "--threads", "8")

Found = Mapping[str, Mapping[str, Spread]]


@dataclass(frozen=True, kw_only=True)
class Web:
    """A web process that takes orders."""

    key: str
    title: str
    contender: Contender
    arguments: tuple[str, ...]
    path: str
    environment: Mapping[str, str] = field(default_factory=dict)


OURS = Contender(key="postroom", title="", project=POSTROOM, way="")
CONFIG = ("gunicorn", "--config", "python:config.gunicorn")
WEBS = (
    Web(
        key="tutorial",
        title="the tutorial's view: one row, `.delay()`",
        contender=Contender(key="tutorial", title="", project=TUTORIAL, way=""),
        arguments=(*GUNICORN, "benchmarks.peers.wsgi:application"),
        path="/orders/",
    ),
    Web(
        key="without",
        title="Postroom, no mail owed",
        contender=OURS,
        arguments=(*CONFIG, "benchmarks.postroom.without_mail:application"),
        path="/api/v1/orders/",
    ),
    Web(
        key="with",
        title="Postroom, its mail owed and published",
        contender=OURS,
        arguments=(*CONFIG, "config.wsgi:application"),
        path="/api/v1/orders/",
    ),
)


def run(plan: Plan) -> Part:
    """Post orders to each, in turns."""
    part = Part(name=NAME)
    for database in plan.databases:
        runs: dict[str, list[list[float]]] = {web.key: [] for web in WEBS}
        with Field(database) as field:
            for turn in range(plan.runs):
                for web in WEBS:
                    times = post(field, web, orders=plan.size(ORDERS, at_least=80))
                    runs[web.key].append(times)
                    shown = ", ".join(f"{n} {quantile(times, s):.1f} ms" for n, s in SHARES.items())
                    plan.say(f"{database} {turn + 1}/{plan.runs} {web.key}: {shown}")
        found = {
            key: {
                name: Spread(tuple(quantile(times, share) for times in several))
                for name, share in SHARES.items()
            }
            for key, several in runs.items()
        }
        part.data[database] = {
            key: {name: spread.as_json() for name, spread in figures.items()}
            for key, figures in found.items()
        }
        part.tables.append(_table(found, database=database))
        part.verdicts += _verdicts(found, database=database)
    return part


def post(field: Field, web: Web, *, orders: int) -> list[float]:
    """Return the milliseconds that each answer took."""
    with field.round(web.contender, mails=0) as one:
        port = free_port()
        environment = {**one.environment, "PORT": str(port), "WEB_CONCURRENCY": "2"}
        key = ""
        if web.contender.project is POSTROOM:
            key = manage("create_api_key", "benchmarks", environment=environment).split()[-1]
        arguments = web.arguments
        if web.contender.project is TUTORIAL:
            arguments = (*arguments, "--bind", f"127.0.0.1:{port}")
        service = Service("web", arguments, environment=environment, log=one.directory / "web.log")
        service.start()
        one.services.append(service)
        eventually(lambda: _answers(port), within=40, every=0.05, about="the web process")
        return _clients(one, port=port, path=web.path, key=key, orders=orders)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _clients(one: Round, *, port: int, path: str, key: str, orders: int) -> list[float]:
    numbers = (str(CLIENTS), str(orders), str(WARM_UP))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.clients", str(port), path, key, *numbers],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{done.stderr[-3000:]}\n{one.logs()}")
    _check_owed(one, orders=orders)
    times: list[float] = json.loads(done.stdout)
    return times


def _check_owed(one: Round, *, orders: int) -> None:
    """See that what should owe mail does: a shortcut would look like speed."""
    if one.contender.project is POSTROOM:
        owed = place.scalar(one.url, "SELECT count(*) FROM notifications_notification")
        assert owed in {0, orders + WARM_UP}, f"{owed} mails are owed for {orders} orders"


def _table(found: Found, *, database: str) -> Table:
    rows = [
        [
            web.title,
            *(
                with_range(figure.median, figure.lowest, figure.highest, digits=1)
                for figure in (found[web.key][name] for name in SHARES)
            ),
        ]
        for web in WEBS
    ]
    return Table(
        title=f"POST of an order with five lines, {database}: milliseconds",
        columns=("", *SHARES),
        rows=rows,
        note=f"gunicorn, two processes of eight threads; {CLIENTS} clients, connections kept; "
        "Postroom's orders with API key and Idempotency-Key.",
    )


def _verdicts(found: Found, *, database: str) -> list[Verdict]:
    ours = found["with"]["p50"].median
    return [
        share(
            f"{database}: p50 of an order's POST with mail at most 1.25 times that without",
            ours=ours,
            theirs=found["without"]["p50"].median,
            at_most=1.25,
        ),
        share(
            f"{database}: p50 of an order's POST at most 2.5 times that of the tutorial's view",
            ours=ours,
            theirs=found["tutorial"]["p50"].median,
            at_most=2.5,
        ),
    ]
