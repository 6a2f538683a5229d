"""With wrong settings every process refuses to start, with a sentence that says what to set."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.running import ROOT, environment

pytestmark = [pytest.mark.one_database, pytest.mark.timeout(240)]

PROCESSES = {
    "web": ["gunicorn", "--config", "python:config.gunicorn"],
    "web without our gunicorn settings": ["gunicorn", "--bind", "127.0.0.1:0", "config.wsgi"],
    "worker": ["celery", "-A", "config", "worker"],
    "beat": ["celery", "-A", "config", "beat"],
    "manage.py": ["manage.py", "migrate"],
    "manage.py up": ["manage.py", "up"],
}
PRODUCTION = {"DEBUG": "false", "SECRET_KEY": "x" * 50}
WRONG = {
    "no provider": ({}, "postroom.E010: EMAIL_PROVIDERS is not set"),
    "an unknown provider": ({"EMAIL_PROVIDERS": "postmrk"}, "did you mean 'postmark'?"),
    "no credentials": (
        {"EMAIL_PROVIDERS": "postmark"},
        "postroom.E012: POSTMARK_SERVER_TOKEN is not set",
    ),
    "no secret key": ({"SECRET_KEY": ""}, "postroom.E002: SECRET_KEY is not set"),
    "a contradiction": (
        {"EMAIL_PROVIDERS": "console", "CLAIM_DURATION": "5s"},
        "postroom.E003: CLAIM_DURATION is 5s and EMAIL_SEND_TIMEOUT is 20s",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("process", PROCESSES)
def test_a_wrong_setting_stops_the_process_with_its_sentence(
    process: str, wrong: str, tmp_path: Path
) -> None:
    variables, sentence = WRONG[wrong]
    command = PROCESSES[process]
    prefix = [sys.executable] if command[0] == "manage.py" else [sys.executable, "-m"]
    result = subprocess.run(
        [*prefix, *command],
        cwd=ROOT,
        env=environment(tmp_path / "var", **{**PRODUCTION, **variables}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode not in (0, None)
    assert sentence in result.stdout
    assert "Traceback" not in result.stdout
    if process != "web without our gunicorn settings":  # there gunicorn's master has the last word
        assert sentence in result.stdout.strip().splitlines()[-1]
