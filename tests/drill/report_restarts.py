"""The tables of the drills that restart processes and lose a host."""

from tests.drill.hosts import Hosts
from tests.drill.report import table, verdict
from tests.drill.rolling import Rolling


def rolling_report(seen: Rolling) -> str:
    """Return the table of a rolling restart under load."""
    account = seen.account
    lines = [
        ("accepted by the API", str(account.accepted)),
        ("requests that failed", str(len(seen.refused))),
        ("slowest answer of the API", f"{seen.slowest_answer:.2f} s"),
        ("restarts", f"{len(seen.restarts)}: {', '.join(seen.restarts[:8])} …"),
        ("slowest end of a worker", f"{seen.slowest_end:.1f} s"),
        ("arrived exactly once", str(account.once)),
        ("copies too many", str(len(account.copies))),
        ("lost", str(len(account.lost))),
        ("longest wait", f"{account.longest_wait:.1f} s"),
        ("audit", "not clean" if seen.audit else "clean"),
    ]
    head = f"rolling restart: {seen.orders} orders, {seen.database}"
    refused = [f"refused: {key}: {why}" for key, why in list(seen.refused.items())[:10]]
    return "\n".join(["", *table(head, lines), *refused, "", *verdict(seen.broken)])


def hosts_report(seen: Hosts) -> str:
    """Return the table of two hosts, of which one dies."""
    account = seen.account
    explained = sum(copy.is_explained for copy in account.copies)
    lines = [
        ("accepted by the API", str(account.accepted)),
        ("in the first host's hands when it died", str(seen.in_hand)),
        ("arrived after its death", str(seen.sent_by_second)),
        ("arrived exactly once", str(account.once)),
        ("copies too many", f"{len(account.copies)}, of which {explained} explained"),
        ("lost", str(len(account.lost))),
        ("longest wait", f"{account.longest_wait:.1f} s"),
        ("audit", "not clean" if seen.audit else "clean"),
    ]
    head = f"two hosts, one dies: {seen.orders} orders, {seen.database}"
    return "\n".join(["", *table(head, lines), "", *verdict(seen.broken)])
