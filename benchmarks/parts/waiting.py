"""A hundred thousand mails wait: what workers and broker need while they drain."""

import time

from benchmarks import drain
from benchmarks.contenders import OURS
from benchmarks.field import Field
from benchmarks.measure import MemoryPeak
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict

NAME = "waiting"
MAILS = 100_000
MAY_GROW = 0.15
MAY_GROW_BY = 8.0  # MiB: below this a share means nothing


def run(plan: Plan) -> Part:
    """Fill the outbox, let it drain, and watch the memory; on the last database of the plan."""
    part = Part(name=NAME)
    database = plan.databases[-1]
    mails = plan.size(MAILS, at_least=2000)
    contender = next(one for one in OURS if one.key == "postroom-fast-hundreds")
    with Field(database) as field, field.round(contender, mails=mails) as one:
        filled = one.fill(mails)
        plan.say(f"{mails:,} wait after {filled.seconds:.0f} s")
        began = time.monotonic()

        def roots() -> dict[str, list[int]]:
            return {"workers": one.service_pids(), "broker": [one.broker.pid]}

        with MemoryPeak(roots, every=1.0) as memory:
            one.start()
            drain.wait(one, mails)
            drain.wait_for_records(one)
        seconds = time.monotonic() - began
    rows = []
    for name, samples in memory.samples.items():
        settled, peak = _settled(samples), max(samples)
        rows.append([name, f"{settled:.0f}", f"{peak:.0f}", f"{samples[-1]:.0f}"])
        part.verdicts.append(
            Verdict(
                promise=f"{mails:,} waiting: the memory of the {name} stays flat",
                measured=f"{settled:.0f} MiB once warm, at most {peak:.0f} MiB",
                holds=peak - settled <= max(settled * MAY_GROW, MAY_GROW_BY),
            )
        )
    part.data = {"database": database, "mails": mails, "seconds": seconds, **memory.samples}
    part.tables.append(
        Table(
            title=f"{mails:,} waiting, {database}: memory in MiB (PSS) while they drain",
            columns=("", "once warm", "at most", "at the end"),
            rows=rows,
            note=f"Drained in {seconds:.0f} s, {mails / seconds:,.0f} a second, start included.",
        )
    )
    return part


def _settled(samples: list[float]) -> float:
    """Return the largest of the first third: what is needed once all is warm."""
    return max(samples[: max(len(samples) // 3, 1)])
