"""Clients that POST orders, and how long each answer took: `python -m benchmarks.clients …`.

A process of its own, with a connection per client that is kept for twenty orders: whether two of
four connections or all of them came to the same web process would else decide a whole run. Writes
the milliseconds as JSON.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any

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


KEPT_FOR = 20
"""Orders that are posted over one connection."""


def post(*, port: int, path: str, headers: dict[str, str], numbers: range) -> list[float]:
    """Post the orders one after the other; return the milliseconds that each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times = []
    for position, number in enumerate(numbers):
        if position % KEPT_FOR == 0:
            connection.close()  # the next request opens one
        content = body(number)
        own = {**headers, "Content-Type": "application/json"}
        if "Authorization" in headers:
            own["Idempotency-Key"] = f"order-{number}"
        began = time.perf_counter()
        connection.request("POST", path, body=content, headers=own)
        answer = connection.getresponse()
        text = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {text[:500]!r}")
    connection.close()
    return times


def main() -> None:
    """Post as the command line says: PORT PATH KEY CLIENTS ORDERS WARM_UP."""
    port, path, key, clients, orders, warm_up = sys.argv[1:7]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    each, first = int(orders) // int(clients), int(warm_up) // int(clients)
    found: list[list[float]] = []

    def one(client: int) -> None:
        start = client * (each + first)
        options: dict[str, Any] = {"port": int(port), "path": path, "headers": headers}
        times = post(**options, numbers=range(start, start + first + each))
        found.append(times[first:])

    threads = [threading.Thread(target=one, args=(client,)) for client in range(int(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < int(clients):
        raise SystemExit("A client was refused; see above.")
    print(json.dumps([time for times in found for time in times]))


if __name__ == "__main__":
    main()
