"""The limit: a message that is ready, sent by `smtplib` or thinner. `python -m benchmarks.raw`.

Also the proof that the sink is not the bound: what it takes when clients pipeline, and the CPU time
that a mail costs it.
"""

import json
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks import measure
from benchmarks.email import sample
from benchmarks.field import Field
from benchmarks.measure import Spread
from benchmarks.place import Kind
from benchmarks.plan import Plan
from benchmarks.results import Table, with_range
from tests.support.processes import REPOSITORY

KEPT, FRESH, PIPELINED, SINK = "kept", "fresh", "pipelined", "sink"
TITLES = {
    KEPT: "message ready, one reused connection, one process (`smtplib`)",
    FRESH: "the same, a new connection per message",
    PIPELINED: "two processes that pipeline: what the sink takes at least",
    SINK: "of that, CPU of the sink per 1,000 mails, in seconds",
}
SENDER = "orders@shop.example.com"
MESSAGE = (
    "\r\n".join(
        [
            f"From: Moon & Leaf <{SENDER}>",
            "To: someone@example.com",
            "Subject: Thank you for your order",
            "MIME-Version: 1.0",
            "Content-Type: text/html; charset=utf-8",
            "",
            *(f"<p>line {number}: {'tea ' * 16}</p>" for number in range(95)),
            "",
        ]
    )
).encode()


def limits(field: Field, plan: Plan) -> dict[str, Spread]:
    """Measure the limits, as often as everything else."""
    runs: dict[str, list[float]] = {name: [] for name in TITLES}
    sizes = {KEPT: plan.size(10_000), FRESH: plan.size(3_000), PIPELINED: plan.size(40_000)}
    for _ in range(plan.runs):
        for name, mails in sizes.items():
            field.sink.prepare(mails=mails)
            used = measure.cpu_seconds([field.sink.pid])
            runs[name].append(_send(name, field.sink.smtp_port, mails))
            if name == PIPELINED:
                used = measure.cpu_seconds([field.sink.pid]) - used
                runs[SINK].append(used * 1000 / mails)
    found = {name: Spread(tuple(values)) for name, values in runs.items()}
    plan.say(f"raw: {found[KEPT].median:,.0f}/s, sink takes {found[PIPELINED].median:,.0f}/s")
    return found


def table(limits: dict[str, Spread], *, language: str, database: Kind) -> Table:
    """Return the table of the limits."""
    rows = [
        [
            title,
            with_range(
                limits[name].median,
                limits[name].lowest,
                limits[name].highest,
                digits=3 if name == SINK else 0,
            ),
        ]
        for name, title in TITLES.items()
    ]
    return Table(
        title=f"The raw limit (beside {database}; the sink is written in {language})",
        columns=("", "mails/s"),
        rows=rows,
    )


def _send(way: str, port: int, mails: int) -> float:
    """Return the mails per second of one way."""
    processes = 2 if way == PIPELINED else 1
    each = mails // processes
    senders = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.raw", way, str(port), str(n * each), str(each)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
        )
        for n in range(processes)
    ]
    spans = [json.loads(sender.communicate()[0]) for sender in senders]
    began, ended = min(span[0] for span in spans), max(span[1] for span in spans)
    return float(each * processes / (ended - began))


def _kept(port: int, recipients: Sequence[str]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        for recipient in recipients:
            client.sendmail(SENDER, [recipient], MESSAGE)


def _fresh(port: int, recipients: Sequence[str]) -> None:
    for recipient in recipients:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail(SENDER, [recipient], MESSAGE)


def _pipelined(port: int, recipients: Sequence[str]) -> None:
    """Send everything of 50 mails at once, without waiting for a 354: only a sink allows that."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        answers = client.makefile("rb")
        answers.readline()
        for start in range(0, len(recipients), 50):
            some = recipients[start : start + 50]
            client.sendall(
                b"".join(
                    f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
                    + MESSAGE
                    + b".\r\n"
                    for recipient in some
                )
            )
            for _ in range(4 * len(some)):
                answers.readline()


def main() -> None:
    """Send as the command line says, and write when that began and ended."""
    way, port, start, count = sys.argv[1], *map(int, sys.argv[2:5])
    recipients = [sample.recipient_of(position) for position in range(start, start + count)]
    began = time.monotonic()
    {KEPT: _kept, FRESH: _fresh, PIPELINED: _pipelined}[way](port, recipients)
    print(json.dumps([began, time.monotonic()]))


if __name__ == "__main__":
    main()
