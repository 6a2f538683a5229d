"""Enqueues mails, and says what that cost: `python -m benchmarks.fill MODULE WAY COUNT [RATE]`.

MODULE holds functions named after the ways; each is a generator that prepares what is not measured
(the shop's orders), yields once, and yields again after each thing it has enqueued. Runs in the
environment of the project it fills; writes "ready", waits for a line, enqueues (RATE a second, or
as fast as it can), and writes a JSON object: seconds, CPU seconds, and with a RATE the times
(CLOCK_MONOTONIC, ns) of the events.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Iterator

import django


def cpu_seconds() -> float:
    """Return what this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def paced(steps: Iterator[None], *, rate: float) -> list[int]:
    """Take the steps at a steady rate; return when each was begun."""
    times = []
    began = time.monotonic()
    while True:
        pause = began + len(times) / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        times.append(time.monotonic_ns())
        if next(steps, steps) is steps:
            return times[:-1]


def main() -> None:
    """Do what the command line says."""
    module, way, count, *rate = sys.argv[1:]
    steps = getattr(importlib.import_module(module), way)(int(count))
    next(steps)
    print("ready", flush=True)
    sys.stdin.readline()
    began, used = time.monotonic(), cpu_seconds()
    times: list[int] = []
    if rate:
        times = paced(steps, rate=float(rate[0]))
    else:
        for _ in steps:
            pass
    result = {"seconds": time.monotonic() - began, "cpu": cpu_seconds() - used, "times": times}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    django.setup()
    main()
