"""The web process alone: a real gunicorn on a database of its own, with a Valkey to publish to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.processes import Service
from tests.support.stack import base_environment, manage
from tests.support.valkey import ValkeyServer
from tests.support.waiting import eventually, free_port

STARTS_WITHIN = 40  # seconds


@dataclass(frozen=True, kw_only=True)
class Web:
    """A running web process, and a key with all scopes."""

    url: str
    key: str
    service: Service
    environment: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to be let in."""
        return {"Authorization": f"Bearer {self.key}"}

    def answers(self) -> bool:
        """Say whether it lives; fail if it has ended."""
        assert self.service.is_running, self.service.output()
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


@contextmanager
def web_server(
    directory: Path, *, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Web]:
    """Start one on SQLite; nothing is left of it afterwards but its files."""
    with ValkeyServer(directory / "valkey", port=free_port()) as valkey:
        port = free_port()
        settings = {
            **base_environment(directory),
            "DATABASE_URL": f"sqlite:///{directory / 'web.sqlite3'}",
            "REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0",
            "PORT": str(port),
            "LOG_LEVEL": "WARNING",
            **(environment or {}),
        }
        manage("migrate", "--verbosity=0", environment=settings)
        key = manage("create_api_key", "tests", environment=settings).split()[-1]
        arguments = ("gunicorn", "--config", "python:config.gunicorn", f"--workers={workers}")
        log = directory / "web.log"
        service = Service("web", arguments, environment=settings, log=log)
        web = Web(url=f"http://127.0.0.1:{port}", key=key, service=service, environment=settings)
        try:
            service.start()
            eventually(web.answers, within=STARTS_WITHIN, about=f"web on port {port}")
            yield web
        finally:
            service.stop()
