"""An order's POST: with mail owed, without, and the tutorial's view. The workers are stopped."""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from benchmarks import place
from benchmarks.clients import Target, Work
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
ORDERS = 1_600
WARM_UP = 160
SHARES = {"p50": 0.50, "p99": 0.99}
GUNICORN = ("gunicorn", "--workers", "2", "--worker-class", "gthread", "--threads", "8")

Found = Mapping[str, Mapping[str, Spread]]


@dataclass(frozen=True, kw_only=True)
class Web:
    """A web process that takes orders.

    Attributes:
        owes: whether each order of it has a notification afterwards.
    """

    key: str
    title: str
    contender: Contender
    arguments: tuple[str, ...]
    path: str
    owes: bool = False


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
        owes=True,
    ),
)


def run(plan: Plan) -> Part:
    """Post orders to each, in turns."""
    part = Part(name=NAME)
    for database in plan.databases:
        runs: dict[str, list[list[float]]] = {web.key: [] for web in WEBS}
        with Field(database) as field:
            for number in range(plan.runs):
                times = post(field, WEBS, orders=plan.size(ORDERS, at_least=80))
                for key, took in times.items():
                    runs[key].append(took)
                    shown = ", ".join(f"{n} {quantile(took, s):.1f} ms" for n, s in SHARES.items())
                    plan.say(f"{database} {number + 1}/{plan.runs} {key}: {shown}")
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


def post(field: Field, webs: Sequence[Web], *, orders: int) -> dict[str, list[float]]:
    """Post to all of them in turns; return the milliseconds that each answer took, by their keys.

    Each has a database and a broker of its own, and idles while it is another's turn.
    """
    with ExitStack() as exits:
        rounds = [exits.enter_context(field.round(web.contender, mails=0)) for web in webs]
        targets = [_start(web, one) for web, one in zip(webs, rounds, strict=True)]
        for target in targets:
            about = f"the web process at {target.port}"
            eventually(partial(_answers, target.port), within=40, every=0.05, about=about)
        work = Work(targets=targets, clients=CLIENTS, orders=orders, warm_up=WARM_UP)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.clients"],
            cwd=REPOSITORY,
            input=work.as_json(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            logs = "\n".join(one.logs() for one in rounds)
            raise RuntimeError(f"{done.stderr[-3000:]}\n{logs}")
        for web, one in zip(webs, rounds, strict=True):
            _check_owed(one, expected=work.posted if web.owes else 0)
    return dict(zip([web.key for web in webs], json.loads(done.stdout), strict=True))


def _start(web: Web, one: Round) -> Target:
    port = free_port()
    environment = {**one.environment, "PORT": str(port), "WEB_CONCURRENCY": "2"}
    key, arguments = "", web.arguments
    if web.contender.project is POSTROOM:
        key = manage("create_api_key", "benchmarks", environment=environment).split()[-1]
    if web.contender.project is TUTORIAL:
        arguments = (*arguments, "--bind", f"127.0.0.1:{port}")
    service = Service("web", arguments, environment=environment, log=one.directory / "web.log")
    service.start()
    one.services.append(service)
    return Target(port=port, path=web.path, key=key)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _check_owed(one: Round, *, expected: int) -> None:
    """See that what should owe mail does: a shortcut would look like speed."""
    if one.contender.project is POSTROOM:
        owed = place.scalar(one.url, "SELECT count(*) FROM notifications_notification")
        assert owed == expected, f"{owed} mails are owed where {expected} should be"


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
        note=f"gunicorn, two processes of eight threads; {CLIENTS} clients, in turns of 40 orders, "
        "connections kept; Postroom's orders with API key and Idempotency-Key.",
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
