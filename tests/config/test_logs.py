"""What a log line looks like, and what it must not hold."""

import json
import subprocess
import sys

PROGRAM = """
import logging, sys
import structlog
from config import logs
config = logs.logging_config(json=sys.argv[1] == "json", level="INFO")
logs.configure(config)
logs.configure(config)
log = structlog.get_logger("shop")
log.debug("not_shown")
log.info("mail_sent", notification="n-1")
logging.getLogger("library").warning("it has %d legs", 4, extra={"animal": "cat"})
def fail():
    address = "minji@example.com"
    raise ValueError(f"no {address}")
logging.getLogger("library").error("no mailbox for %s", "minji@example.com")
try:
    fail()
except ValueError:
    log.exception("it_failed")
"""


def lines(style: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, style],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout == "", "standard output belongs to the console provider's mail"
    return result.stderr.splitlines()


def test_json_is_one_object_a_line_with_the_events_fields() -> None:
    sent, legs, masked, failed = [json.loads(line) for line in lines("json")]
    assert (sent["event"], sent["level"], sent["notification"]) == ("mail_sent", "info", "n-1")
    assert (sent["logger"], "timestamp" in sent) == ("shop", True)
    assert (legs["event"], legs["level"], legs["animal"]) == ("it has 4 legs", "warning", "cat")
    assert masked["event"] == "no mailbox for ***@example.com"
    assert failed["exception"][0]["exc_type"] == "ValueError"


def test_no_style_logs_local_variables() -> None:
    for style in ("json", "console"):
        assert "minji@example.com" not in "".join(lines(style)).replace(PROGRAM, "")


def test_lines_for_people_are_not_coloured_in_a_pipe() -> None:
    assert not any("\x1b" in line for line in lines("console"))
