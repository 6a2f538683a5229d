"""The drill itself, small: an outage goes well, and Ctrl-C leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.drill import outage
from tests.drill.backlog import is_flat
from tests.drill.memory import Series
from tests.drill.rig import Database
from tests.support.processes import REPOSITORY
from tests.support.waiting import eventually

DATABASE: Database = "postgres" if os.environ.get("TEST_DATABASE") == "postgres" else "sqlite"


@pytest.mark.drill
@pytest.mark.timeout(240)
def test_a_dead_first_provider_is_left_alone_and_gets_mail_again_when_it_is_back() -> None:
    assert outage.run(orders=60, database=DATABASE).broken == []


@pytest.mark.drill
@pytest.mark.timeout(240)
def test_a_drill_that_is_stopped_leaves_no_process_and_no_file_behind() -> None:
    # Not pytest's `tmp_path`, which is too long for the path of a server's socket.
    with tempfile.TemporaryDirectory(prefix="drill-") as directory:
        drill = subprocess.Popen(
            [sys.executable, "-m", "tests.drill", "--orders", "5000", "--database", DATABASE],
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": directory},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with drill:
            try:
                below = eventually(lambda: _stack_below(drill), within=60, about="the stack")
                drill.send_signal(signal.SIGINT)
                output, _ = drill.communicate(timeout=60)
            finally:
                drill.kill()
        left = list(Path(directory).iterdir())
    assert drill.returncode == 130, output
    assert "its processes have ended" in output
    assert [process for process in below if _lives(process)] == []
    assert left == []


def _stack_below(drill: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return the processes of a drill's stack once all of it has been started."""
    assert drill.poll() is None, f"The drill has ended by itself, with {drill.returncode}."
    found = psutil.Process(drill.pid).children(recursive=True)
    started = [process for process in found if process.name() != "postgres"]
    return found if len(started) > 8 else []


def _lives(process: psutil.Process) -> bool:
    # A zombie is dead, and waits for whoever inherited it in this container.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


FLATNESS = [
    ([100, 104, 103, 104, 110, 114], True),
    ([100, 104, 103, 130, 150, 160], False),
    ([6, 6, 6, 8, 10, 13], True),
    ([6, 6, 6, 8, 10, 20], False),
    ([], True),
]


@pytest.mark.parametrize(("samples", "flat"), FLATNESS)
def test_memory_is_flat_when_it_stays_near_what_it_was_after_a_third(
    samples: list[float], flat: bool
) -> None:
    assert is_flat(Series(samples)) is flat
