"""`manage.py up`, as a person at a terminal meets it: real processes, real signals."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.running import ROOT, Up, environment, free_port, up, wait_for

pytestmark = [pytest.mark.end_to_end, pytest.mark.one_database, pytest.mark.timeout(240)]


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def stack(var_dir: Path) -> Iterator[Up]:
    with up(var_dir) as running:
        running.wait_for_line("Postroom is ready.")
        yield running


def get(stack: Up, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.port}{path}", timeout=10) as response:
        return json.load(response)


def post_order(stack: Up, *, key: str, locale: str) -> int:
    body = {
        "customer": {"email": "minji@example.com", "name": "Kim Minji"},
        "locale": locale,
        "currency": "KRW",
        "lines": [{"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": "12000"}],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.port}/api/v1/orders/",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


def api_key(stack: Up) -> str:
    found = re.search(r"API key +(\S+)", stack.output())
    assert found
    return found[1]


def mails(stack: Up) -> int:
    return stack.output().count("Message-ID:")


def is_gone(stack: Up) -> bool:
    return stack.running() == []


def test_the_first_run_shows_mail_and_the_second_repeats_nothing(var_dir: Path) -> None:
    with up(var_dir) as first:
        first.wait_for_line("Postroom is ready.")
        assert "placed the sample orders DEMO-1 and DEMO-2" in first.output()
        assert mails(first) == 2, "the sample orders' mail comes before the last words"
        assert "Subject:" in first.output()
        assert "Administrator  admin / " in first.output()
        assert post_order(first, key=api_key(first), locale="ko") == 201
        wait_for(lambda: mails(first) == 3, what="the posted order's mail")
        ready = get(first, "/readyz")
        assert [ready[part]["status"] for part in ("database", "broker", "worker", "beat")] == [
            "ok",
            "ok",
            "ok",
            "ok",
        ]
        assert first.stop(signal.SIGINT) == 0
        assert is_gone(first)

    with up(var_dir) as second:
        second.wait_for_line("Postroom is ready.")
        assert "Administrator" not in second.output()
        assert "API key  " not in second.output()
        assert "make key NAME=" in second.output()
        assert second.stop(signal.SIGTERM) == 0
        assert "placed the sample orders" not in second.output()
        assert mails(second) == 0
        assert is_gone(second)


@pytest.mark.parametrize("part", ["worker-live", "beat", "gunicorn", "valkey-server"])
def test_a_program_that_dies_is_started_again(stack: Up, part: str) -> None:
    victim = stack.leader(part)
    victim.kill()
    stack.wait_for_line("was ended by SIGKILL; it is started again in 0.5 s.")
    wait_for(lambda: [p.pid for p in stack.leaders(part)] not in ([], [victim.pid]), what=part)
    assert post_with_patience(stack) == 201
    wait_for(lambda: mails(stack) == 3, seconds=60, what="the mail of an order placed afterwards")


def post_with_patience(stack: Up) -> int:
    wait_for(lambda: web_answers(stack), what="the web process")
    return post_order(stack, key=api_key(stack), locale="en")


def web_answers(stack: Up) -> bool:
    try:
        return bool(get(stack, "/healthz")["status"] == "alive")
    except OSError:
        return False


def test_a_worker_that_hangs_is_replaced(stack: Up) -> None:
    victim = stack.leader("worker-live")
    victim.suspend()
    stack.wait_for_line("worker-live hung and was ended; it is started again now.", seconds=60)
    wait_for(lambda: stack.leaders("worker-live"), what="a new worker")
    assert stack.leader("worker-live").pid != victim.pid
    assert post_with_patience(stack) == 201
    wait_for(lambda: mails(stack) == 3, seconds=60, what="the mail of an order placed afterwards")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_leaves_nothing_behind(stack: Up, number: signal.Signals) -> None:
    assert stack.stop(number) == 0
    assert "stopped." in stack.output()
    assert is_gone(stack)


def test_a_frozen_worker_is_no_obstacle_to_stopping(stack: Up) -> None:
    stack.leader("worker-backlog").suspend()
    assert stack.stop() == 0
    assert is_gone(stack)


def test_a_killed_supervisor_leaves_nothing_behind_and_can_be_started_again(stack: Up) -> None:
    before = stack.running()
    assert len(before) > 8
    stack.process.kill()
    stack.process.wait()
    with up(stack.var_dir) as next_run:
        next_run.wait_for_line("Postroom is ready.")
        assert [process for process in before if process.is_running()] == []
        assert len(next_run.leaders("worker-live")) == 1
        assert next_run.stop() == 0
        assert is_gone(next_run)


def test_a_taken_port_is_one_sentence_and_leaves_nothing_running(var_dir: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = run_up(var_dir, PORT=str(port))
    assert result.returncode == 1
    assert last_line(result) == (
        f"postroom       | Port {port} is taken on 127.0.0.1. Stop what listens there, or choose "
        f"another port: PORT={port + 1} make run"
    )
    assert not (var_dir / "valkey").exists()


def test_a_second_run_on_the_same_var_dir_is_refused(stack: Up) -> None:
    result = run_up(stack.var_dir, PORT=str(free_port()))
    assert result.returncode == 1
    assert f"Another `manage.py up` (process {stack.process.pid}) runs on" in last_line(result)
    assert stack.leaders("worker-live")


def test_a_var_dir_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run_up(tmp_path / "file" / "var", SECRET_KEY="x" * 50)
    assert result.returncode != 0
    assert "VAR_DIR" in last_line(result)
    assert "Traceback" not in result.stdout


def test_a_reader_that_goes_away_stops_everything(var_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environment(var_dir, DEBUG="true", PORT=str(free_port())),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_processes_that_others_started_live_on(var_dir: Path) -> None:
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)", "celery worker gunicorn valkey"]
    )
    try:
        with up(var_dir) as running:
            running.wait_for_line("Postroom is ready.")
            running.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def run_up(var_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environment(var_dir, DEBUG="true", **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout.strip().splitlines()[-1]
