"""`python -m benchmarks [PART …]`: Postroom beside its peers, on this machine, in one run."""

import argparse
import importlib
import json
import os
import platform
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import charts
from benchmarks.plan import Plan
from benchmarks.results import Part

PARTS = ("drain", "latency", "live", "post", "million", "waiting")
RESULTS = Path("var/benchmarks/results.json")


def main() -> int:
    """Run the parts; return 1 if a promise does not hold and that was asked for."""
    arguments = _arguments()
    # Ended from outside, it must still end what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    plan = Plan(
        databases=("sqlite", "postgres") if arguments.database == "both" else (arguments.database,),
        runs=arguments.runs,
        mails=arguments.mails,
        only=arguments.only,
        scale=arguments.scale,
        say=lambda text: print(f"[{time.monotonic() - began:6.0f} s] {text}", file=sys.stderr),
    )
    parts = []
    for name in arguments.parts or PARTS:
        part = _run(name, plan)
        _show(part)
        _keep(part, arguments.results)
        parts.append(part)
    charts.write(arguments.results, folder=arguments.results.parent)
    broken = [verdict for part in parts for verdict in part.verdicts if not verdict.holds]
    print(f"{time.monotonic() - began:,.0f} s in all; results in {arguments.results}")
    return 1 if broken and arguments.strict else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--runs", type=int, default=2, help="of each contender (2)")
    parser.add_argument("--mails", type=int, default=6000, help="in a drain at no latency (6000)")
    parser.add_argument("--only", help="contenders, comma-separated; see benchmarks/contenders.py")
    parser.add_argument("--scale", type=float, default=1.0, help="of the other parts' sizes (1.0)")
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"({RESULTS})")
    parser.add_argument("--strict", action="store_true", help="end with 1 if a promise is broken")
    arguments = parser.parse_args()
    for name in arguments.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name!r}; there are: {', '.join(PARTS)}")
    return arguments


def _run(name: str, plan: Plan) -> Part:
    plan.say(f"== {name}")
    found: Part = importlib.import_module(f"benchmarks.parts.{name}").run(plan)
    return found


def _show(part: Part) -> None:
    for table in part.tables:
        print(f"\n{table.as_text()}")
    if part.verdicts:
        print()
    for verdict in part.verdicts:
        judged = "holds" if verdict.holds else "DOES NOT HOLD"
        print(f"{judged}: {verdict.promise}: {verdict.measured}")
    sys.stdout.flush()


def _keep(part: Part, path: Path) -> None:
    """Write what was found; the other parts keep what an earlier run found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    known[part.name] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "data": part.data,
        "tables": [table.as_markdown() for table in part.tables],
        "verdicts": [vars(verdict) for verdict in part.verdicts],
    }
    path.write_text(json.dumps(known, indent=1) + "\n")


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    sys.exit(main())
