"""The backlog at a provider's real latency: every answer of the sink takes 100 ms."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta

from benchmarks import drain
from benchmarks.contenders import (
    MAILER,
    OURS,
    PEER_WORKER,
    POST_OFFICE,
    SEND_QUEUED,
    TUTORIAL,
    Contender,
    Over,
    chosen,
    post_office_options,
)
from benchmarks.drain import Drained
from benchmarks.field import Field
from benchmarks.measure import Spread
from benchmarks.plan import Plan
from benchmarks.results import Part, Table, Verdict, ratio, with_range

NAME = "latency"
ANSWER = timedelta(milliseconds=100)
MOST_MEMORY = 400  # MiB
OVER: tuple[Over, ...] = ("postmark", "smtp")
SHOWN = {"postmark": "HTTP (Postmark through Anymail)", "smtp": "SMTP"}

# With how many mails: enough for some seconds, and no more for those who send 3 in one.
MAILS = {
    "tutorial": 40,
    "tutorial-threads": 200,
    "mailer": 40,
    "post-office": 400,
    "postroom": 3000,
}


def contenders(over: Over) -> tuple[Contender, ...]:
    """Return who meets over SMTP or HTTP."""
    ours = next(one for one in OURS if one.key == "postroom-fast-hundreds")
    base = (
        Contender(
            key="tutorial",
            title="tutorial, two processes",
            project=TUTORIAL,
            way="order_mail",
            services=(PEER_WORKER,),
        ),
        Contender(
            key="tutorial-threads",
            title="tutorial, `-P threads -c 20`",
            project=TUTORIAL,
            way="order_mail",
            services=((*PEER_WORKER, "-P", "threads", "-c", "20"),),
        ),
        Contender(
            key="mailer",
            title="django-mailer",
            project=MAILER,
            way="through_backend",
            command=("django", "send_mail"),
        ),
        Contender(
            key="post-office",
            title="django-post_office, `--processes 2`, its five threads each",
            project=POST_OFFICE,
            way="post_office",
            command=(*SEND_QUEUED, "--processes", "2"),
            environment=post_office_options(BATCH_SIZE=1000),
        ),
        dataclasses.replace(ours, key="postroom", title="Postroom, two processes"),
    )
    return tuple(dataclasses.replace(one, over=over) for one in base)


def run(plan: Plan) -> Part:
    """Let everybody drain, in turns, on the first database of the plan."""
    part = Part(name=NAME)
    database = plan.databases[-1]
    with Field(database) as field:
        for over in OVER:
            taking_part = chosen(contenders(over), plan.only)
            found = _take_turns(field, taking_part, plan=plan)
            part.data[over] = {
                "database": database,
                "contenders": {
                    key: {name: spread.as_json() for name, spread in figures.items()}
                    for key, figures in found.items()
                },
            }
            part.tables.append(_table(taking_part, found, title=f"{SHOWN[over]}, {database}"))
            part.verdicts += _verdicts(found, over=over)
    return part


def _take_turns(
    field: Field, contenders: Sequence[Contender], *, plan: Plan
) -> dict[str, dict[str, Spread]]:
    runs: dict[str, list[Drained]] = {one.key: [] for one in contenders}
    for turn in range(plan.runs):
        for one in contenders:
            mails = plan.size(MAILS[one.key])
            drained = drain.drain(field, one, mails=mails, latency=ANSWER)
            runs[one.key].append(drained)
            plan.say(
                f"{one.over} {turn + 1}/{plan.runs} {one.key}: {drained.rate:,.1f}/s,"
                f" {drained.memory_workers:.0f} MiB"
            )
    return {key: drain.spreads(found) for key, found in runs.items()}


def _table(
    contenders: Sequence[Contender], found: Mapping[str, dict[str, Spread]], *, title: str
) -> Table:
    rows = []
    for one in contenders:
        rate, memory = found[one.key]["rate"], found[one.key]["memory_workers"]
        rows.append(
            [
                one.title,
                with_range(rate.median, rate.lowest, rate.highest, digits=1),
                f"{memory.highest:.0f}",
                f"{found[one.key]['cpu_sending'].median:.1f}",
            ]
        )
    return Table(
        title=f"Backlog, each answer after 100 ms: {title}",
        columns=("", "mails/s", "memory", "CPU"),
        rows=rows,
        note="Memory: the senders' peak, MiB (PSS). CPU: of the senders, seconds per 1,000 mails.",
    )


def _verdicts(found: Mapping[str, dict[str, Spread]], *, over: Over) -> list[Verdict]:
    if not {"postroom", "post-office"} <= set(found):
        return []
    ours, theirs = found["postroom"], found["post-office"]
    memory = ours["memory_workers"].highest
    return [
        ratio(
            f"100 ms, {SHOWN[over]}: at least 5 times the best peer with its own threads",
            ours=ours["rate"].median,
            theirs=theirs["rate"].median,
            at_least=5.0,
        ),
        Verdict(
            promise=f"100 ms, {SHOWN[over]}: the workers stay under {MOST_MEMORY} MB in all",
            measured=f"{memory:.0f} MiB",
            holds=memory * 1.048576 < MOST_MEMORY,
        ),
    ]
