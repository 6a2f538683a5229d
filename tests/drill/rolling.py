"""A rolling restart under load: the web by HUP, workers and beat by SIGTERM, again and again.

What must hold: every request is answered, every worker ends by itself within 30 s, nothing is lost,
and nothing is doubled: no kill excuses a copy here. Clients open a connection for each request, as
a proxy in front does: a kept one may be closed at the moment that it is used again.
"""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.drill.accounting import Account, broken_promises, settle_accounts
from tests.drill.placing import Shops
from tests.drill.progress import Progress
from tests.drill.records import OPEN
from tests.drill.rig import Database, Rig, rig
from tests.support.api_client import ApiClient
from tests.support.processes import Service
from tests.support.stack import WORKER_READY
from tests.support.waiting import eventually

ENDS_WITHIN = 30.0  # seconds
SETTLES_WITHIN = 600.0
AUDIT_SETTLES = 61.0
"""Seconds that the audit leaves a new order alone."""
BETWEEN = 1.0
"""Seconds between two restarts."""


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """What was seen.

    Attributes:
        restarts: what was restarted, in order.
        slowest_end: seconds that the slowest worker took to end after SIGTERM.
        killed: what did not end by itself.
        slowest_answer: of the API.
    """

    orders: int
    database: Database
    account: Account
    refused: dict[str, str]
    restarts: list[str]
    slowest_end: float
    killed: list[str]
    slowest_answer: float
    audit: str

    @property
    def broken(self) -> list[str]:
        """Say what must not be; empty when all is well."""
        found = broken_promises(
            self.account, audit_is_clean=not self.audit, refused=len(self.refused)
        )
        if self.account.copies:
            found.append(f"{len(self.account.copies)} mails were doubled")
        if self.killed:
            found.append(f"did not end within {ENDS_WITHIN:g} s: {', '.join(self.killed)}")
        return found


def run(
    *, rate: float, seconds: float, database: Database, keep: bool = False, audited: bool = True
) -> Rolling:
    """Place `rate` orders a second for so many seconds while everything is restarted in turn."""
    with rig(database, keep=keep) as place, Shops(client=lambda: _client(place)) as shops:
        restarter = _Restarter(place)
        placed = _place(shops, restarter, rate=rate, seconds=seconds)
        restarter.finish()
        _wait_until_sent(place, shops, placed)
        if audited:
            time.sleep(AUDIT_SETTLES)
        return Rolling(
            orders=placed,
            database=database,
            account=settle_accounts(
                accepted=shops.accepted, rows=place.rows(), arrivals=place.arrivals(), kills=[]
            ),
            refused=shops.refused,
            restarts=restarter.done,
            slowest_end=restarter.slowest_end,
            killed=restarter.killed,
            slowest_answer=shops.slowest,
            audit=place.audit() if audited else "",
        )


def _client(place: Rig) -> ApiClient:
    client = place.client()
    client.session.headers["Connection"] = "close"
    return client


def _place(shops: Shops, restarter: "_Restarter", *, rate: float, seconds: float) -> int:
    begun = time.monotonic()
    placed = 0
    restarter.start()
    with Progress("orders while restarting") as progress:
        while (elapsed := time.monotonic() - begun) < seconds or not restarter.has_been_round:
            due = int(elapsed * rate)
            shops.place(range(placed, due))
            placed = max(placed, due)
            shops.raise_failures()
            progress.show(shops.answered, int(seconds * rate), f"{len(restarter.done)} restarts")
            time.sleep(1 / rate)
    return placed


class _Restarter(threading.Thread):
    """Restarts one part after the other until it is told to finish."""

    def __init__(self, place: Rig) -> None:
        super().__init__(name="restarter", daemon=True)
        self.done: list[str] = []
        self.killed: list[str] = []
        self.slowest_end = 0.0
        self._stack = place.stack
        self._finish = threading.Event()
        self._failure: BaseException | None = None
        self._ways: dict[str, Callable[[], None]] = {
            "web": self._reload_web,
            "live": lambda: self._restart(self._stack.live),
            "backlog": lambda: self._restart(self._stack.backlog),
            "beat": lambda: self._restart(self._stack.beat),
        }

    @property
    def has_been_round(self) -> bool:
        """Whether everything was restarted once (or nothing more will be)."""
        return len(self.done) >= len(self._ways) or not self.is_alive()

    def run(self) -> None:
        """Go round."""
        try:
            for name in itertools.cycle(self._ways):
                if self._finish.wait(BETWEEN):
                    return
                self._ways[name]()
                self.done.append(name)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for us
            self._failure = error

    def finish(self) -> None:
        """Finish the restart that is under way; raise what it fell over."""
        self._finish.set()
        self.join(60)
        if self._failure is not None:
            raise self._failure

    def _reload_web(self) -> None:
        before = {child.pid for child in self._stack.web.children()}
        os.kill(self._stack.web.pid, signal.SIGHUP)
        eventually(
            lambda: before.isdisjoint(child.pid for child in self._stack.web.children()),
            within=ENDS_WITHIN,
            about="the web's new workers",
        )

    def _restart(self, service: Service) -> None:
        begun = time.monotonic()
        service.ask_to_end()
        try:
            eventually(lambda: not service.is_running, within=ENDS_WITHIN, every=0.05)
        except AssertionError:
            self.killed.append(service.name)
            service.stop()
        self.slowest_end = max(self.slowest_end, time.monotonic() - begun)
        service.start()
        if service is not self._stack.beat:
            service.wait_for_line(WORKER_READY)


def _wait_until_sent(place: Rig, shops: Shops, placed: int) -> None:
    with Progress("until all has left") as progress:
        deadline = time.monotonic() + SETTLES_WITHIN
        while time.monotonic() < deadline:
            shops.raise_failures()
            statuses = place.stack.statuses()
            still_open = sum(statuses.get(status, 0) for status in OPEN)
            progress.show(placed - still_open, placed)
            if shops.answered >= placed and not still_open:
                return
            time.sleep(0.2)
