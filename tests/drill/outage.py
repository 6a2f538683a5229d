"""The first provider is dead for the whole run, and comes back when all mail is out.

What must hold: everything goes out through the second one, the dead one is hardly asked and no mail
spends more than two attempts on it, and when it is back it gets mail again without a restart.
"""

import time
from dataclasses import dataclass
from itertools import count

from tests.drill.placing import Shops
from tests.drill.progress import Progress
from tests.drill.records import OPEN
from tests.drill.rig import FIRST, SECOND, Database, Rig, rig
from tests.support.waiting import eventually

PLACED_WITHIN = 300.0
SENT_WITHIN = 180.0
RETURNS_WITHIN = 60.0
"""Seconds from the provider's return to its first mail; above PROVIDER_BREAKER_LONGEST (30 s)."""
HANDFUL = 8
"""Attempts before every worker leaves the dead one alone: five in a row, and three more senders
whose attempt was under way."""
MOST_PER_MAIL = 2
AFTERWARDS = 10_000
"""Orders that are placed after the return are numbered from here."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What was seen.

    Attributes:
        asked: attempts at the dead provider.
        asked_most: those of the mail that has most of them.
        arrived: messages that the second provider took.
        came_late: mails that are not sent.
        dead_for: seconds for which mail was sent without the first provider.
        returned_after: seconds from its return to its first mail; None if it got none.
    """

    orders: int
    database: Database
    asked: int
    asked_most: int
    arrived: int
    unsent: int
    longest_wait: float
    dead_for: float
    returned_after: float | None

    @property
    def asked_at_most(self) -> int:
        """How often it may be asked: a handful, and then a probe for each doubling of the wait."""
        probes = next(n for n in count() if 2**n - 1 >= min(self.dead_for, 30.0))
        return HANDFUL + probes + int(max(self.dead_for - 30.0, 0.0) / 30.0) + 1

    @property
    def broken(self) -> list[str]:
        """Say what must not be; empty when all is well."""
        found = [
            (self.unsent > 0, f"{self.unsent} mails are not sent"),
            (self.arrived != self.orders, f"{self.arrived} of {self.orders} mails arrived"),
            (self.asked > self.asked_at_most, f"the dead provider was asked {self.asked} times"),
            (
                self.asked_most > MOST_PER_MAIL,
                f"one mail spent {self.asked_most} attempts on the dead provider",
            ),
            (self.returned_after is None, "no mail returned to the first provider"),
        ]
        return [sentence for is_broken, sentence in found if is_broken]


def run(*, orders: int, database: Database, keep: bool = False) -> Outage:
    """Go through the outage and return what was seen."""
    with (
        rig(database, listening=(SECOND,), keep=keep) as place,
        Shops(client=place.client) as shops,
    ):
        begun = time.monotonic()
        _place(shops, orders)
        _wait_until_sent(place, orders)
        dead_for = time.monotonic() - begun
        rows, arrivals = place.rows(), place.arrivals()
        asked = [sum(one.provider == FIRST for one in row.attempts) for row in rows]
        created = {row.message_id: row.created_at for row in rows}
        return Outage(
            orders=orders,
            database=database,
            asked=sum(asked),
            asked_most=max(asked),
            arrived=len({one.message_id for one in arrivals if one.provider == SECOND}),
            unsent=sum(row.status != "sent" for row in rows),
            longest_wait=max(one.at - created[one.message_id] for one in arrivals),
            dead_for=dead_for,
            returned_after=_bring_back(place, shops),
        )


def _place(shops: Shops, orders: int) -> None:
    with Progress("orders") as progress:
        shops.place(range(orders))
        deadline = time.monotonic() + PLACED_WITHIN
        while shops.answered < orders and time.monotonic() < deadline:
            shops.raise_failures()
            progress.show(shops.answered, orders)
            time.sleep(0.2)
        progress.show(shops.answered, orders)
    assert len(shops.accepted) == orders, shops.refused


def _wait_until_sent(place: Rig, orders: int) -> None:
    with Progress("through the second") as progress:
        deadline = time.monotonic() + SENT_WITHIN
        still_open = orders
        while still_open and time.monotonic() < deadline:
            statuses = place.stack.statuses()
            still_open = sum(statuses.get(status, 0) for status in OPEN)
            progress.show(orders - still_open, orders)
            time.sleep(0.2)


def _bring_back(place: Rig, shops: Shops) -> float | None:
    """Start the first provider, place an order a second, and wait for one to arrive there."""
    with Progress("the first is back"):
        place.first.start()
        back_at = time.monotonic()
        numbers = count(AFTERWARDS)

        def arrived() -> bool:
            number = next(numbers)
            shops.place(range(number, number + 1))
            return bool(place.first.messages)

        try:
            eventually(arrived, within=RETURNS_WITHIN, every=1.0)
        except AssertionError:
            return None
        return time.monotonic() - back_at
