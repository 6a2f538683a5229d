"""The backlog at no latency: everything is enqueued, then two processes send it."""

from collections.abc import Mapping, Sequence

from benchmarks import drain, raw
from benchmarks.contenders import DRAINING, Contender, chosen
from benchmarks.drain import Drained
from benchmarks.field import Field
from benchmarks.measure import Spread
from benchmarks.place import Kind
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict, ratio, share, with_range

NAME = "drain"
THROUGH_BACKENDS = ("postroom", "postroom-hundreds")
FAST = ("postroom-fast", "postroom-fast-hundreds")
SLOW = (
    "tutorial",
    "tutorial-postmark",
    "celery-email",
    "mailer",
    "post-office-celery",
    "post-office-celery-on-delivery",
    "post-office",
)
"""Who sends a third as many, which takes as long as the others' do; the fast ones twice as many."""
ONCE = (
    *SLOW,
    "tutorial-plain",
    "post-office-2-on-delivery",
    "postroom-postmark",
)
"""Who decides no promise, and runs in the first turn only, so that all takes 45 minutes at most."""

TURNS = 1.5
"""For each of the plan's: two runs of the same contender differ by a tenth."""

Spreads = Mapping[str, dict[str, Spread]]


def run(plan: Plan) -> Part:
    """Let everybody drain, in turns."""
    part = Part(name=NAME)
    for database in plan.databases:
        contenders = chosen(DRAINING, plan.only)
        with Field(database) as field:
            limits = raw.limits(field, plan)
            found = take_turns(field, contenders, plan=plan, mails=plan.mails)
            part.data[database] = {
                "sink": field.sink.language,
                "mails": plan.mails,
                "raw": {name: spread.as_json() for name, spread in limits.items()},
                "contenders": as_json(found),
            }
        limit = limits[raw.KEPT].median
        part.tables.append(raw.table(limits, language=field.sink.language, database=database))
        part.tables.append(_table(contenders, found, database=database, limit=limit))
        part.verdicts += _verdicts(found, database=database)
    return part


def take_turns(
    field: Field, contenders: Sequence[Contender], *, plan: Plan, mails: int
) -> dict[str, dict[str, Spread]]:
    """Run each contender several times, in turns, so that all meet the same noise."""
    runs: dict[str, list[Drained]] = {one.key: [] for one in contenders}
    turns = int(TURNS * plan.runs)
    for turn in range(turns):
        for one in contenders:
            if turn and one.key in ONCE:
                continue
            drained = drain.drain(field, one, mails=_share(one, mails=mails))
            runs[one.key].append(drained)
            plan.say(
                f"{field.database} {turn + 1}/{turns} {one.key}: {drained.rate:,.0f}/s,"
                f" {drained.cpu:.2f} s CPU per 1,000"
            )
    return {key: drain.spreads(found) for key, found in runs.items()}


def _share(one: Contender, *, mails: int) -> int:
    if one.key in FAST:
        return 2 * mails
    return mails // 3 if one.key in SLOW else mails


def as_json(found: Spreads) -> dict[str, object]:
    """Return what the results' file holds."""
    return {
        key: {name: spread.as_json() for name, spread in figures.items()}
        for key, figures in found.items()
    }


def _table(
    contenders: Sequence[Contender], found: Spreads, *, database: Kind, limit: float
) -> Table:
    rows = []
    for one in contenders:
        figures = found[one.key]
        rate = figures["rate"]
        rows.append(
            [
                one.title,
                "yes" if one.records else "no",
                with_range(rate.median, rate.lowest, rate.highest),
                f"{rate.median / limit:.0%}",
                f"{figures['cpu_sending'].median:.2f} + {figures['cpu_enqueueing'].median:.2f}",
                f"{figures['cpu_broker'].median:.2f}",
                f"{figures['cpu_database'].median:.2f}" if database == "postgres" else "–",
                f"{figures['memory_workers'].median:.0f}",
            ]
        )
    return Table(
        title=f"Backlog at no latency, {database}",
        columns=(
            "",
            "records each",
            "mails/s",
            "of the raw limit",
            "CPU: sending + enqueueing",
            "broker",
            "database",
            "memory",
        ),
        rows=rows,
        note="CPU: seconds per 1,000 mails, process trees. Memory: the senders' peak, MiB (PSS).",
    )


def _verdicts(found: Spreads, *, database: Kind) -> list[Verdict]:
    verdicts = []
    recording = {
        one.key: found[one.key]["rate"].median
        for one in DRAINING
        if one.records and one.key in found and not one.key.startswith("postroom")
    }
    if not recording:
        return []
    best = max(recording.values())
    for keys, times, path in (
        (THROUGH_BACKENDS, 1.3, "through Django's backend"),
        (("postroom-postmark",), 1.3, "through Anymail Postmark"),
        (FAST, 3.0 if database == "sqlite" else 2.5, "with the SMTP fast path"),
    ):
        ours = [found[key]["rate"].median for key in keys if key in found]
        if ours:
            promise = f"{database}, {path}: at least {times} times the best peer that records"
            verdicts.append(ratio(promise, ours=max(ours), theirs=best, at_least=times))
    return verdicts + _further_verdicts(found, database=database)


def _further_verdicts(found: Spreads, *, database: Kind) -> list[Verdict]:
    verdicts = []
    fast = [found[key]["rate"].median for key in FAST if key in found]
    if fast and "celery-email-bulk" in found:
        bulk = found["celery-email-bulk"]["rate"].median
        promise = f"{database}: ahead of django-celery-email's bulk sending, which records nothing"
        verdicts.append(ratio(promise, ours=max(fast), theirs=bulk, at_least=1.0))
    rendering = {
        one.key: found[one.key]["cpu"].median
        for one in DRAINING
        if one.renders and one.key in found and not one.key.startswith("postroom")
    }
    ours = [found[key]["cpu"].median for key in FAST if key in found]
    if rendering and ours:
        promise = f"{database}: at most half of the CPU of the best peer that renders"
        lowest = min(rendering.values())
        verdicts.append(share(promise, ours=min(ours), theirs=lowest, at_most=0.5))
    return verdicts
