"""Two hosts share one database and one Valkey; one of them is killed whole, with its journal.

Each has a checkout, a VAR_DIR, web, workers and beat of its own. Orders come in at both; in the
middle everything of the first dies at once and never comes back. What must hold: all mail leaves by
the second, and only what the first had in hand at that moment may have left twice.
"""

import itertools
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.drill.accounting import Account, broken_promises, settle_accounts
from tests.drill.placing import Shops
from tests.drill.progress import Progress
from tests.drill.records import OPEN, Kill
from tests.drill.rig import Database, Rig, rig
from tests.support.api_client import ApiClient
from tests.support.processes import REPOSITORY, Service
from tests.support.stack import WORKER_READY
from tests.support.waiting import eventually, free_port

PARTS = ("platform", "orders", "providers", "templates_email", "manage.py")
SETTLES_WITHIN = 180.0
AUDIT_SETTLES = 61.0


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """What was seen; `in_hand`: mails that the first host held when it died."""

    orders: int
    database: Database
    account: Account
    refused: dict[str, str]
    in_hand: int
    sent_by_second: int
    audit: str

    @property
    def broken(self) -> list[str]:
        """Say what must not be; empty when all is well."""
        found = broken_promises(
            self.account, audit_is_clean=not self.audit, refused=len(self.refused)
        )
        if not self.sent_by_second:
            found.append("nothing left by the second host")
        return found


class Host:
    """A second host: a checkout, a VAR_DIR and processes of its own, on the first one's data."""

    def __init__(self, directory: Path, *, place: Rig) -> None:
        checkout, self.port = directory / "checkout", free_port()
        for part in PARTS:
            copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
            (checkout / part).parent.mkdir(parents=True, exist_ok=True)
            copy(REPOSITORY / part, checkout / part)
        environment = place.stack.environment | {
            "VAR_DIR": str(directory / "var"),
            "PORT": str(self.port),
            "PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'platform'}",
        }
        worker = ("celery", "-A", "config", "worker", "--without-gossip", "--without-mingle")
        commands = {
            "web": ("gunicorn", "--config", "python:config.gunicorn", "--workers=1"),
            "live": (*worker, "-Q", "live,periodic", "-n", "live@second", "-c2"),
            "backlog": (*worker, "-Q", "backlog,periodic", "-n", "backlog@second", "-c1"),
            "beat": ("celery", "-A", "config", "beat"),
        }
        self.services = {
            name: Service(
                f"second-{name}",
                command,
                environment=environment,
                log=directory / f"{name}.log",
                directory=checkout,
            )
            for name, command in commands.items()
        }
        self._key = place.api_key

    def start(self, exits: ExitStack) -> None:
        """Start everything, and have it ended."""
        for service in self.services.values():
            exits.callback(service.stop)
            service.start()
        for name in ("live", "backlog"):
            self.services[name].wait_for_line(WORKER_READY)
        self.services["web"].wait_for_line("Listening at")

    def client(self) -> ApiClient:
        """Return a new client of this host's API."""
        return ApiClient(url=f"http://127.0.0.1:{self.port}", key=self._key)


def run(
    *, orders: int, database: Database = "postgres", keep: bool = False, audited: bool = True
) -> Hosts:
    """Place orders at both hosts, kill the first one in the middle, and place the rest."""
    with rig(database, keep=keep) as place, ExitStack() as exits:
        second = Host(place.directory / "second", place=place)
        with Progress("starting the second host"):
            second.start(exits)
        shops = exits.enter_context(Shops(client=_turns(place, second)))
        survivor = exits.enter_context(Shops(client=second.client))
        shops.place(range(orders // 2))
        _wait_for_answers(shops, orders // 2)
        kill, killed_at = _kill_first(place)
        survivor.place(range(orders // 2, orders))
        _wait_until_sent(place, survivor, orders - orders // 2)
        if audited:
            time.sleep(AUDIT_SETTLES)
        arrivals = place.arrivals()
        return Hosts(
            orders=orders,
            database=database,
            account=settle_accounts(
                accepted=shops.accepted | survivor.accepted,
                rows=place.rows(),
                arrivals=arrivals,
                kills=[kill],
            ),
            refused=shops.refused | survivor.refused,
            in_hand=kill.in_flight,
            sent_by_second=sum(arrival.at > killed_at for arrival in arrivals),
            audit=place.audit() if audited else "",
        )


def _turns(place: Rig, second: Host) -> Callable[[], ApiClient]:
    """Return what gives each of the shops' threads a client: of one host and the other in turn."""
    turn = itertools.count()

    def client() -> ApiClient:
        return place.client() if next(turn) % 2 else second.client()

    return client


def _wait_for_answers(shops: Shops, count: int) -> None:
    with Progress("orders at both") as progress:

        def answered() -> bool:
            shops.raise_failures()
            progress.show(shops.answered, count)
            return shops.answered >= count

        eventually(answered, within=120, about="answers")


def _kill_first(place: Rig) -> tuple[Kill, float]:
    """End every process of the first host at once, and take its disk away."""
    at = time.time()
    for service in place.stack.services:
        os.killpg(service.pid, signal.SIGKILL)
    eventually(lambda: not any(one.is_running for one in place.stack.services), within=10)
    in_hand = place.stack.statuses().get("sending", 0)
    shutil.rmtree(Path(place.stack.environment["VAR_DIR"]) / "journal", ignore_errors=True)
    # A claim without its journal is in doubt until it expires.
    claim = float(place.stack.environment["CLAIM_DURATION"].rstrip("s"))
    kill = Kill(name="the first host", at=at, until=at + claim + 1, in_flight=in_hand)
    return kill, time.time()


def _wait_until_sent(place: Rig, shops: Shops, count: int) -> None:
    with Progress("by the second alone") as progress:

        def settled() -> bool:
            shops.raise_failures()
            statuses = place.stack.statuses()
            progress.show(statuses.get("sent", 0), sum(statuses.values()))
            is_open = any(statuses.get(status) for status in OPEN)
            return shops.answered >= count and not is_open

        eventually(settled, within=SETTLES_WITHIN, every=0.2, about="everything sent")
