"""Live mail: 30 events a second, and how long each takes to be accepted."""

import time
from collections.abc import Mapping, Sequence

from benchmarks.contenders import DRAINING, Contender, chosen
from benchmarks.drain import Stalled
from benchmarks.field import Field
from benchmarks.measure import Spread, quantile
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict, share, with_range

NAME = "live"
RATE = 30.0  # events a second
SECONDS = 15
TURNS = 2
"""For each of the plan's: five mails of a run make its p99, and two such runs differ by a third."""
WARM_UP = 60
"""The first events, for which imports and connections are still to be made, do not count."""
SETTLES_WITHIN = 90.0  # seconds
KEYS = ("tutorial", "celery-email", "post-office-celery", "postroom-fast")
SHARES = {"p50": 0.50, "p99": 0.99}

Found = Mapping[str, Mapping[str, Spread]]


def run(plan: Plan) -> Part:
    """Let everybody send live, in turns."""
    part = Part(name=NAME)
    everybody = tuple(one for key in KEYS for one in DRAINING if one.key == key)
    contenders = chosen(everybody, plan.only)
    for database in plan.databases:
        with Field(database) as field:
            found = _take_turns(field, contenders, plan=plan)
        part.data[database] = {
            key: {name: spread.as_json() for name, spread in figures.items()}
            for key, figures in found.items()
        }
        part.tables.append(_table(contenders, found, database=database))
        part.verdicts += _verdicts(found, database=database)
    return part


def _take_turns(
    field: Field, contenders: Sequence[Contender], *, plan: Plan
) -> dict[str, dict[str, Spread]]:
    runs: dict[str, list[list[float]]] = {one.key: [] for one in contenders}
    turns = TURNS * plan.runs
    for turn in range(turns):
        for one in contenders:
            waits = send(field, one, mails=WARM_UP + plan.size(int(RATE) * SECONDS))
            runs[one.key].append(waits)
            shown = ", ".join(f"{n} {quantile(waits, s):.1f} ms" for n, s in SHARES.items())
            plan.say(f"{field.database} {turn + 1}/{turns} {one.key}: {shown}")
    return {
        key: {
            name: Spread(tuple(quantile(waits, share) for waits in found))
            for name, share in SHARES.items()
        }
        for key, found in runs.items()
    }


def send(field: Field, contender: Contender, *, mails: int) -> list[float]:
    """Return the milliseconds from event to acceptance, without those of the warm-up.

    Raises:
        Stalled: not all arrived; the text holds what the processes wrote.
    """
    with field.round(contender, mails=mails) as one:
        one.start()
        one.wait_until_up()
        filled = one.fill(mails, rate=RATE)
        deadline = time.monotonic() + SETTLES_WITHIN
        while field.sink.count() < mails:
            if time.monotonic() > deadline:
                raise Stalled(f"{contender.key}: {field.sink.count()} of {mails}.\n{one.logs()}")
            time.sleep(0.05)
        arrived = field.sink.arrivals(mails)
    waits = [(then - at) / 1e6 for at, then in zip(filled.times, arrived, strict=True)]
    return waits[WARM_UP:]


def _table(contenders: Sequence[Contender], found: Found, *, database: str) -> Table:
    rows = [
        [
            one.title,
            *(
                with_range(figure.median, figure.lowest, figure.highest, digits=1)
                for figure in (found[one.key][name] for name in SHARES)
            ),
        ]
        for one in contenders
    ]
    return Table(
        title=f"Live, {RATE:g} events a second, {database}: milliseconds from event to accepted",
        columns=("", *SHARES),
        rows=rows,
    )


def _verdicts(found: Found, *, database: str) -> list[Verdict]:
    ours = found.get("postroom-fast")
    if ours is None:
        return []
    verdicts = []
    for name in SHARES:
        for key, times in (("tutorial", 1.2), ("celery-email", 1.0), ("post-office-celery", 1.0)):
            if key in found:
                promise = f"{database}, live: {name} at most {times} times that of {key}"
                mine, theirs = ours[name].median, found[key][name].median
                verdicts.append(share(promise, ours=mine, theirs=theirs, at_most=times))
    return verdicts
