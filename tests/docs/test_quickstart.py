"""docs/quickstart.md: its commands, as they stand there, from a clean clone to a provider."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.running import environment, free_port
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp
from tests.support.processes import REPOSITORY
from tests.support.waiting import eventually

pytestmark = [pytest.mark.end_to_end, pytest.mark.one_database, pytest.mark.timeout(420)]

SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
START = "make run\n"
READY = "Postroom is ready."
# Stands where the page starts Postroom again: the other terminal is the test's.
WAIT_FOR_THE_OTHER_TERMINAL = "touch ../again; until [ -e ../ready ]; do sleep 0.1; done\n"


class FirstTerminal:
    """Where `make run` runs until Ctrl-C."""

    def __init__(self, clone: Path, variables: dict[str, str]) -> None:
        self._log = clone.parent / "first-terminal.log"
        self._clone = clone
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", START],
                cwd=self._clone,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_for(READY, within=240)

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, *, within: float = 60) -> None:
        def shown() -> bool:
            assert self._process is not None
            assert text in self.output() or self._process.poll() is None, self.output()
            return text in self.output()

        eventually(shown, within=within, about=f"{text!r} in the first terminal")

    def press_ctrl_c(self) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait(timeout=60)


@contextmanager
def first_terminal(clone: Path, variables: dict[str, str]) -> Iterator[FirstTerminal]:
    terminal = FirstTerminal(clone, variables)
    try:
        yield terminal
    finally:
        terminal.press_ctrl_c()


def blocks() -> list[str]:
    return SHELL_BLOCK.findall((REPOSITORY / "docs" / "quickstart.md").read_text(encoding="utf-8"))


def test_its_commands_lead_from_a_clean_clone_to_a_mail_that_a_provider_took(
    tmp_path: Path,
) -> None:
    clone = tmp_path / "postroom"
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
    first, *rest = blocks()
    assert first == START
    assert rest.count(START) == 1
    port = free_port()
    script = "".join(rest).replace(START, WAIT_FOR_THE_OTHER_TERMINAL)
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    with FakeEsp() as esp:
        # What the environment holds comes before .env: the provider is the one on this machine.
        variables = environment(clone / "var", PORT=str(port))
        del variables["PYTHON_DOTENV_DISABLED"], variables["VAR_DIR"]
        variables |= {"POSTMARK_SERVER_TOKEN": POSTMARK_TOKEN, "POSTMARK_API_URL": esp.url}
        with first_terminal(clone, variables) as terminal:
            terminal.start()
            second = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=clone,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            eventually(
                lambda: (tmp_path / "again").exists() or second.poll() is not None, within=60
            )
            assert second.poll() is None, second.communicate()[0]
            terminal.wait_for("6892012345678")  # the tracking number, in the last mail
            assert "TEA-1" in terminal.output()
            terminal.press_ctrl_c()
            terminal.start()
            (tmp_path / "ready").touch()
            said, _ = second.communicate(timeout=60)
            assert second.returncode == 0, said[-2000:]
            eventually(
                lambda: any("TEA-2" in str(mail.payload) for mail in esp.messages), within=30
            )
            assert len(esp.messages_to("you@example.com")) == 2
