"""The drill's table."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.drill.backlog import Backlog
from tests.drill.memory import Series
from tests.drill.outage import Outage
from tests.drill.records import Arrival, Kill, MailRow
from tests.drill.storm import Outcome

Line = tuple[str, str]
HISTORIES = 20
"""Mails that break a promise whose history is told."""


def storm_report(outcome: Outcome) -> str:
    """Return the table of a storm, with each second copy in a line of its own."""
    plan = outcome.plan
    head = f"storm: {plan.orders} orders, seed {plan.seed}, {plan.database}"
    return "\n".join(
        [
            "",
            *table(head, list(_lines(outcome))),
            *_copies(outcome),
            *_histories(outcome),
            *(f"audit: {line}" for line in outcome.audit.splitlines()[-20:]),
            *(f"refused: {key}: {why}" for key, why in list(outcome.shops.refused.items())[:10]),
            *_complaints(outcome),
            "",
            *verdict(outcome.broken),
        ]
    )


def outage_report(seen: Outage) -> str:
    """Return the table of an outage of the first provider."""
    back = "never" if seen.returned_after is None else f"after {seen.returned_after:.1f} s"
    lines = [
        ("sent through the second", str(seen.arrived)),
        ("not sent", str(seen.unsent)),
        ("attempts at the dead one", f"{seen.asked}, of at most {seen.asked_at_most}"),
        ("of one mail at most", str(seen.asked_most)),
        ("longest wait", f"{seen.longest_wait:.1f} s"),
        ("dead for", f"{seen.dead_for:.0f} s"),
        ("traffic returned", back),
    ]
    head = f"outage of the first provider: {seen.orders} orders, {seen.database}"
    return "\n".join(["", *table(head, lines), "", *verdict(seen.broken)])


def backlog_report(seen: Backlog) -> str:
    """Return the table of an outage of all providers with a backlog."""
    lines = [
        ("first mail after the return", f"{seen.first_after:.1f} s"),
        ("new orders' mail took", ", ".join(f"{wait:.1f} s" for wait in seen.waits)),
        ("still waiting by then", str(seen.still_waiting)),
        ("all gone after", f"{seen.drained_in:.0f} s, {seen.mails / seen.drained_in:.0f}/s"),
        ("ended as", ", ".join(f"{count} {status}" for status, count in seen.statuses.items())),
        ("arrived", str(seen.arrived)),
        ("attempts of one mail at most", str(seen.most_attempts)),
        ("largest worker process", size(seen.memory.worker)),
        ("all workers", size(seen.memory.workers)),
        ("broker", size(seen.memory.broker)),
        ("worker process, draining", size(seen.memory_after.worker)),
        ("broker, draining", size(seen.memory_after.broker)),
    ]
    head = f"all providers down, {seen.mails} mails waiting, {seen.database}"
    return "\n".join(["", *table(head, lines), "", *verdict(seen.broken)])


def table(head: str, lines: Sequence[Line]) -> list[str]:
    """Return lines of two aligned columns below a heading."""
    width = max(len(name) for name, _ in lines)
    return [head, "─" * len(head), *(f"{name:<{width}}  {value}" for name, value in lines)]


def verdict(broken: Sequence[str]) -> list[str]:
    """Return the last lines: what is broken, or that nothing is."""
    if not broken:
        return ["PASSED: nothing lost, nothing doubled without a cause, nothing left open."]
    return ["FAILED:", *(f"  {sentence}" for sentence in broken)]


def size(series: Series) -> str:
    """Return a series of memory as its peak and its growth once it was warm."""
    return f"{series.peak:.0f} MiB at most, {series.growth:+.0f} MiB after the first third"


def _lines(outcome: Outcome) -> Iterator[Line]:
    account, memory = outcome.account, outcome.memory
    explained = sum(copy.is_explained for copy in account.copies)
    lost_attempts = sum(account.lost_attempts.values()) + len(account.unexplained_losses)
    in_flight = sum(kill.in_flight for kill in outcome.kills.done)
    yield "accepted by the API", str(account.accepted)
    yield "slowest answer of the API", f"{outcome.shops.slowest:.2f} s"
    yield "requests sent again", f"{outcome.shops.repeated}"
    yield "sent", str(account.statuses.get("sent", 0))
    yield "arrived exactly once", str(account.once)
    yield "copies too many", f"{len(account.copies)}, of which {explained} explained"
    yield "lost", str(len(account.lost))
    yield "unknown", str(account.statuses.get("unknown", 0))
    yield "dead letters", str(account.statuses.get("failed", 0))
    yield "still open", str(account.open)
    yield "kills", ", ".join(_counted(outcome)) or "none"
    yield "attempts lost by kills", f"{lost_attempts}, of at most {in_flight} in flight"
    yield "ended by themselves", ", ".join(outcome.restarts) or "none"
    yield "retries", str(account.retries)
    yield "failovers", str(account.failovers)
    yield "longest wait", f"{account.longest_wait:.1f} s"
    yield "largest worker process", size(memory.worker)
    yield "all workers", size(memory.workers)
    yield "broker", size(memory.broker)
    yield "audit", "not clean" if outcome.audit else "clean"
    yield "took", f"{outcome.seconds:.0f} s"


def _counted(outcome: Outcome) -> Iterator[str]:
    kinds = Counter(kill.name.rpartition(" ")[0] for kill in outcome.kills.done)
    return (f"{count} × {kind}" for kind, count in sorted(kinds.items()))


def _histories(outcome: Outcome) -> Iterator[str]:
    """Tell all that is known of each mail that breaks a promise."""
    account = outcome.account
    broken = {
        *account.lost,
        *account.unsent,
        *account.unexplained_losses,
        *account.rash_failovers,
        *(copy.reference for copy in account.copies if not copy.is_explained),
    }
    for row in outcome.rows:
        if row.reference in sorted(broken)[:HISTORIES]:
            yield ""
            yield f"{row.reference}: {row.status} {row.error}"
            yield from history(row, outcome.arrivals, outcome.kills.done)


def history(row: MailRow, arrivals: Sequence[Arrival], kills: Sequence[Kill]) -> Iterator[str]:
    """Give the moments of one mail's life in their order, in seconds since it was made."""
    moments = [(kill.at, f"kill of {kill.name} ({kill.in_flight} in flight)") for kill in kills]
    for arrival in arrivals:
        if arrival.message_id == row.message_id:
            how = f", {arrival.mishap.name}" if arrival.mishap else ""
            moments.append((arrival.at, f"taken by {arrival.provider}{how}"))
    for position, one in enumerate(row.attempts, start=1):
        name = f"attempt {one.ticket} at {one.provider or 'nobody knows'}"
        how = f"{one.outcome} {one.error_code}, {one.next_step}, recorded as number {position}"
        moments.append((one.started_at, f"{name} begins"))
        moments.append((one.ended_at, f"{name} is {how}"))
    end = max((at for at, _ in moments[len(kills) :]), default=row.created_at)
    for at, what in sorted(moments):
        if row.created_at <= at <= end:
            yield f"  {at - row.created_at:8.3f} s  {what}"


def _complaints(outcome: Outcome) -> Iterator[str]:
    """Tell what was logged beside it, if a promise is broken."""
    if outcome.broken:
        yield ""
        for (service, event), count in sorted(outcome.complaints.items()):
            yield f"logged by {service}, {count} ×: {event}"


def _copies(outcome: Outcome) -> Iterator[str]:
    if not outcome.account.copies:
        return
    yield ""
    yield "arrived more than once, and why:"
    for cause, count in Counter(copy.cause for copy in outcome.account.copies).most_common():
        yield f"  {count:>4} × {cause}"
    for copy in sorted(outcome.account.copies, key=lambda one: one.reference):
        mark = " " if copy.is_explained else "!"
        yield f"{mark} {copy.reference}  {copy.provider:<9} {copy.cause}"
