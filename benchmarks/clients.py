"""Clients that POST orders, and how long each answer took: `python -m benchmarks.clients`.

A process of its own, which asks several web processes in turns of less than a second: a shared
machine is a third faster or slower from one minute to the next. Each client keeps its connection
for one turn: whether two of four connections or all of them came to the same worker would else
decide a whole run.

Reads from its input who is asked and how much; writes the milliseconds as JSON, a list for each.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from benchmarks.email import sample


def body(number: int) -> bytes:
    """Return an order of five lines; `number` must be new."""
    return json.dumps(
        {
            "number": f"BENCH-{number:07}",
            "customer": {"email": sample.recipient_of(number), "name": sample.CUSTOMER},
            "currency": "USD",
            "lines": [
                {"sku": sku, "name": name, "quantity": quantity, "unit_price": str(price)}
                for sku, name, quantity, price in sample.LINES
            ],
            "shipping": str(sample.SHIPPING),
        }
    ).encode()


IN_A_TURN = 10
"""Orders that a client posts to one web process, over one connection, before the next's turn."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A web process that takes orders.

    Attributes:
        key: of the API; "" where none is asked for.
    """

    port: int
    path: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """Who is asked, by how many at once, and how often.

    Attributes:
        orders: that count, for each target; `warm_up` come before.
    """

    targets: Sequence[Target]
    clients: int
    orders: int
    warm_up: int

    def as_json(self) -> str:
        """Return what `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `as_json` wrote."""
        given = json.loads(text)
        return cls(**given | {"targets": [Target(**target) for target in given["targets"]]})

    @property
    def turns(self) -> tuple[int, int]:
        """How many turns warm up, and how many count."""
        in_a_turn = self.clients * IN_A_TURN
        return -(-self.warm_up // in_a_turn), -(-self.orders // in_a_turn)

    @property
    def posted(self) -> int:
        """How many orders each target gets: full turns."""
        return sum(self.turns) * self.clients * IN_A_TURN


def post(target: Target, numbers: range) -> list[float]:
    """Post the orders one after the other; return the milliseconds that each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    times = []
    for number in numbers:
        content = body(number)
        headers = {"Content-Type": "application/json", **_credentials(target, number)}
        began = time.perf_counter()
        connection.request("POST", target.path, body=content, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {text[:500]!r}")
    connection.close()
    return times


def _credentials(target: Target, number: int) -> Mapping[str, str]:
    if not target.key:
        return {}
    return {"Authorization": f"Bearer {target.key}", "Idempotency-Key": f"order-{number}"}


def turn(target: Target, *, number: int, clients: int) -> list[float]:
    """Have all clients post at once; return what each answer took.

    Args:
        target: whom they ask.
        number: of the turn, from 0; a target has each but once.
        clients: how many they are.
    """
    found: list[list[float]] = []

    def one(client: int) -> None:
        start = (number * clients + client) * IN_A_TURN
        found.append(post(target, range(start, start + IN_A_TURN)))

    threads = [threading.Thread(target=one, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < clients:
        raise SystemExit("A client was refused; see above.")
    return [time for times in found for time in times]


def main() -> None:
    """Do the work that the input describes."""
    work = Work.from_json(sys.stdin.read())
    first, counted = work.turns
    found: list[list[float]] = [[] for _ in work.targets]
    for number in range(first + counted):
        for position, target in enumerate(work.targets):
            times = turn(target, number=number, clients=work.clients)
            if number >= first:
                found[position] += times
    print(json.dumps(found))


if __name__ == "__main__":
    main()
