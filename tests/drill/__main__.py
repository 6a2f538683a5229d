"""The drill: `python -m tests.drill`, or `make drill`. See docs/drill.md."""

import argparse
import signal
import sys

from tests.drill import backlog, hosts, outage, rolling, storm
from tests.drill.report import backlog_report, outage_report, storm_report
from tests.drill.report_restarts import hosts_report, rolling_report


def main() -> int:
    """Run what the arguments ask for; return the exit status."""
    options = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        return SCENARIOS[options.scenario](options)
    except KeyboardInterrupt:
        sys.stdout.write("\nThe drill was stopped; its processes have ended.\n")
        return 130


def _stop(number: int, frame: object) -> None:
    """End the drill through its `with` blocks; their stopping of processes is not cut short."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    raise KeyboardInterrupt


def _storm(options: argparse.Namespace) -> int:
    plan = storm.Plan(
        orders=options.orders, seed=options.seed, database=options.database, keep=options.keep
    )
    outcome = storm.run(plan)
    sys.stdout.write(storm_report(outcome) + "\n")
    return 1 if outcome.broken else 0


def _outage(options: argparse.Namespace) -> int:
    seen = outage.run(orders=options.orders, database=options.database, keep=options.keep)
    sys.stdout.write(outage_report(seen) + "\n")
    return 1 if seen.broken else 0


def _backlog(options: argparse.Namespace) -> int:
    seen = backlog.run(
        mails=options.mails,
        down_for=options.down_for,
        database=options.database,
        keep=options.keep,
    )
    sys.stdout.write(backlog_report(seen) + "\n")
    return 1 if seen.broken else 0


def _rolling(options: argparse.Namespace) -> int:
    seen = rolling.run(
        rate=options.rate, seconds=options.seconds, database=options.database, keep=options.keep
    )
    sys.stdout.write(rolling_report(seen) + "\n")
    return 1 if seen.broken else 0


def _hosts(options: argparse.Namespace) -> int:
    seen = hosts.run(orders=options.orders, database=options.database, keep=options.keep)
    sys.stdout.write(hosts_report(seen) + "\n")
    return 1 if seen.broken else 0


SCENARIOS = {
    "storm": _storm,
    "outage": _outage,
    "backlog": _backlog,
    "rolling": _rolling,
    "hosts": _hosts,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("scenario", nargs="?", choices=SCENARIOS, default="storm")
    parser.add_argument("--orders", type=int, default=2000, help="storm and outage")
    parser.add_argument("--seed", type=int, default=1, help="storm: which faults and kills")
    parser.add_argument("--mails", type=int, default=20_000, help="backlog: how many wait")
    parser.add_argument("--down-for", type=float, default=60.0, help="backlog: seconds")
    parser.add_argument("--rate", type=float, default=30.0, help="rolling: orders a second")
    parser.add_argument("--seconds", type=float, default=120.0, help="rolling: for how long")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--keep", action="store_true", help="keep logs and database")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
