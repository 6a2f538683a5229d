"""The published schema is true: what it allows and forbids, tried, finds no broken promise."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.web import web_server

HERE = Path(__file__).parent
# What the schema's every keyword and example asks for, the same in each run. `make fuzz` adds
# minutes of chance and of chains of requests.
QUICK, ALL = "examples,coverage", "examples,coverage,fuzzing,stateful"
PHASES = os.environ.get("SCHEMATHESIS_PHASES", QUICK)
AT_LEAST = {QUICK: 1900, ALL: 5000}.get(PHASES, 1)
FOR_EACH_OPERATION = 150
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")


def counted(report: Path) -> int:
    """Return how many requests were made, from the run's report."""
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return int(found["test_cases"]["generated"])


@pytest.mark.one_database
@pytest.mark.timeout(1000)
def test_the_api_keeps_what_its_schema_promises(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with web_server(tmp_path, workers=2) as web:
        command = [
            str(Path(sys.executable).with_name("st")),
            "--config-file",
            str(HERE / "schemathesis.toml"),
            "run",
            f"{web.url}/api/v1/schema/",
            f"--header=Authorization: Bearer {web.key}",
            f"--seed={SEED}",
            f"--max-examples={FOR_EACH_OPERATION}",
            "--workers=1",  # CPython 3.11 cannot parse Python in two threads, as Hypothesis does
            "--no-shrink",
            "--request-timeout=60",  # no promise is about how fast a busy machine is
            "--generation-database=none",
            "--suppress-health-check=all",
            "--continue-on-failure",
            f"--phases={PHASES}",
            "--report=json",
            f"--report-json-path={report}",
        ]
        ran = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        server = web.service.output()
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}\n{ran.stderr}\n{server[-3000:]}"
    assert counted(report) >= AT_LEAST
    assert '"level": "error"' not in server
