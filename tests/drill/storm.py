"""The storm: two misbehaving providers, and SIGKILLs for workers and broker while orders come in.

1. Orders are placed in portions, one more than there are kills.
2. Once mail of a portion is under way, the next kill strikes; then the next portion follows.
3. When all has been placed, the drill waits until nothing is open, or for a deadline.
4. What the providers took is compared with the database.
"""

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.drill.accounting import Account, broken_promises, settle_accounts
from tests.drill.faults import plan_of
from tests.drill.kills import Executioner, Target, order_of_kills
from tests.drill.memory import MemoryWatch
from tests.drill.placing import Shops, recipient_of
from tests.drill.progress import Progress
from tests.drill.records import OPEN, Arrival, MailRow
from tests.drill.rig import Database, Rig, rig
from tests.support.fake_esp import Action, HttpFault

LOOK_EVERY = 0.2  # seconds
MISTAKES = frozenset({"claims_left_out", "journal_rejected", "announcing_failed"})
"""What is logged of mistakes of ours that were made good; no fault of anybody else brings them."""
SETTLES_WITHIN = 300.0
"""Seconds after the last order in which everything must have left."""
AUDIT_SETTLES = 61.0
"""Seconds that the audit leaves a new order alone; earlier it would not look at the last ones."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one storm is made of."""

    orders: int = 2000
    seed: int = 1
    database: Database = "sqlite"
    child_kills: int = 5
    main_kills: int = 3
    broker_kills: int = 2
    keep: bool = False

    @property
    def kills(self) -> tuple[tuple[str, Target], ...]:
        """The kills in their order."""
        return order_of_kills(
            self.seed,
            children=self.child_kills,
            mains=self.main_kills,
            brokers=self.broker_kills,
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the report is made of."""

    plan: Plan
    account: Account
    rows: list[MailRow]
    arrivals: list[Arrival]
    shops: Shops
    memory: MemoryWatch
    kills: Executioner
    audit: str
    seconds: float
    restarts: list[str]
    complaints: Counter[tuple[str, str]]

    @property
    def broken(self) -> list[str]:
        """Say what must not be; empty when the storm is passed."""
        promises = broken_promises(
            self.account, audit_is_clean=not self.audit, refused=len(self.shops.refused)
        )
        logged = {event for _, event in self.complaints}
        return promises + [f"a worker logged {event}" for event in sorted(MISTAKES & logged)]


def run(plan: Plan) -> Outcome:
    """Go through one storm and return what came of it."""
    begun = time.monotonic()
    with rig(plan.database, keep=plan.keep) as place:
        return _Storm(plan, place).run(begun)


class _Storm:
    def __init__(self, plan: Plan, place: Rig) -> None:
        self._plan = plan
        self._rig = place
        self._stack = place.stack
        self._kills = Executioner(place.stack, seed=plan.seed)
        self._shops = Shops(client=place.client, prepare=self._prepare)
        self._restarts: list[str] = []
        self._early_lock = threading.Lock()
        self._early = 0

    def _prepare(self, number: int) -> None:
        faults = plan_of(self._plan.seed, number)
        recipient = recipient_of(number)
        for fault in faults.first:
            if fault.action is Action.RESET_BEFORE_BODY:
                self._strike_next(fault)
            else:
                self._rig.first.queue(fault, to=recipient)
        self._rig.second.queue(*faults.second, to=recipient)

    def _strike_next(self, fault: HttpFault) -> None:
        """Let a fault strike whoever comes next: before the body nobody knows for whom it is.

        One at a time: while mail takes the other way they would pile up, and keep the first
        provider dead for long after.
        """
        with self._early_lock:
            struck = sum(
                one.fault is not None and one.fault.action is Action.RESET_BEFORE_BODY
                for one in self._rig.first.tries
            )
            if struck >= self._early:
                self._early += 1
                self._rig.first.queue(fault)

    def run(self, begun: float) -> Outcome:
        with MemoryWatch(self._stack) as memory, self._shops:
            self._place_and_kill()
            placed_at = time.monotonic()
            self._wait_until_settled(placed_at)
        with Progress("audit"):
            time.sleep(max(placed_at + AUDIT_SETTLES - time.monotonic(), 0.0))
            audit = self._rig.audit()
        rows, arrivals = self._rig.rows(), self._rig.arrivals()
        account = settle_accounts(
            accepted=self._shops.accepted, rows=rows, arrivals=arrivals, kills=self._kills.done
        )
        return Outcome(
            plan=self._plan,
            account=account,
            rows=rows,
            arrivals=arrivals,
            shops=self._shops,
            memory=memory,
            kills=self._kills,
            audit=audit,
            seconds=time.monotonic() - begun,
            restarts=self._restarts,
            complaints=self._stack.complaints(),
        )

    def _place_and_kill(self) -> None:
        kills = self._plan.kills
        bounds = [self._plan.orders * part // (len(kills) + 1) for part in range(len(kills) + 2)]
        with Progress("orders and kills") as progress:
            for part, (start, end) in enumerate(itertools.pairwise(bounds)):
                self._shops.place(range(start, end))
                halfway = (start + end) // 2
                while self._shops.answered < (end if part == len(kills) else halfway):
                    self._shops.raise_failures()
                    progress.show(self._shops.answered, self._plan.orders, f"{part} kills")
                    self._revive_the_dead()
                    time.sleep(LOOK_EVERY)
                if part < len(kills):
                    self._kills.execute(*kills[part])
            progress.show(self._shops.answered, self._plan.orders, f"{len(kills)} kills")

    def _wait_until_settled(self, placed_at: float) -> None:
        with Progress("waiting for the rest") as progress:
            while time.monotonic() - placed_at < SETTLES_WITHIN:
                statuses = self._stack.statuses()
                total = sum(statuses.values())
                still_open = sum(statuses.get(status, 0) for status in OPEN)
                progress.show(total - still_open, total)
                if not still_open:
                    return
                self._revive_the_dead()
                time.sleep(LOOK_EVERY)

    def _revive_the_dead(self) -> None:
        """Start again what ended by itself, as a supervisor does, and remember it."""
        for service in self._stack.services:
            if not service.is_running:
                self._restarts.append(service.name)
                service.stop()
                service.start()
