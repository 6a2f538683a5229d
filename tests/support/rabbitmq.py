"""A real RabbitMQ of Debian's package (`apt install rabbitmq-server`), for `make test-rabbitmq`."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import eventually, free_port

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
READY_WITHIN = 90.0  # seconds; Erlang on a busy machine


class RabbitServer:
    """One node with its data, name and ports to itself; `with` ends it, and its port mapper."""

    def __init__(self) -> None:
        assert (PROGRAMS / "rabbitmq-server").exists(), "apt install rabbitmq-server"
        self._directory = Path(tempfile.mkdtemp(prefix="postroom-rabbitmq-"))
        self.port = free_port()
        self._vhosts = 0
        self._environment = {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(self._directory),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"postroom{os.getpid()}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._directory / "data"),
            "RABBITMQ_LOG_BASE": str(self._directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._directory / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        (self._directory / "plugins").write_text("[].\n", encoding="ascii")
        # Emptied: what it says is of this start.
        with (self._directory / "out.log").open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAMS / "rabbitmq-server"],
                env=self._environment,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self._is_up, within=READY_WITHIN, every=0.5, about="RabbitMQ")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "out.log").read_text()
        return "completed with" in (self._directory / "out.log").read_text(errors="replace")

    def new_url(self) -> str:
        """Return the address of a virtual host that nobody has used."""
        self._vhosts += 1
        name = f"stack{self._vhosts}"
        self._control("add_vhost", name)
        self._control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{name}"

    def _control(self, *arguments: str) -> None:
        subprocess.run(
            [PROGRAMS / "rabbitmqctl", *arguments],
            env=self._environment,
            capture_output=True,
            timeout=60,
            check=True,
        )

    def kill(self) -> None:
        """End the node with SIGKILL; `start` brings it back with what it had on disk."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the node and everything that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        epmd = shutil.which("epmd")
        if epmd:  # a daemon of its own, on our own port
            subprocess.run(
                [epmd, "-kill"], env=self._environment, capture_output=True, timeout=20, check=False
            )
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
