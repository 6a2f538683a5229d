"""The programs that make up Postroom: web, two workers, beat."""

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from config.runner.process import Program
from notifications import queues

# Capacity is reserved by process: a backlog of a million mails leaves the live worker free.
WORKERS = {
    "worker-live": (queues.LIVE, queues.PERIODIC),
    "worker-backlog": (queues.BACKLOG, queues.PERIODIC),
}
BEAT = "beat"
WEB = "web"


def programs(*, run_dir: Path, coloured: bool) -> tuple[Program, ...]:
    """Return what to run beside the broker, in the order of starting.

    Args:
        run_dir: where the heartbeat files are kept.
        coloured: whether a person's terminal shows the lines.
    """
    environment = {
        # So that lines come when they are written, and not when 8 kB of them are.
        "PYTHONUNBUFFERED": "1",
        # Celery's advice not to run as root is for tasks that unpickle; ours are JSON alone.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        "FORCE_COLOR" if coloured else "NO_COLOR": "1",
    }
    web = Program(
        name=WEB,
        command=_python("gunicorn", "--config", "python:config.gunicorn"),
        directory=settings.BASE_DIR,
        environment=environment,
        grace=timedelta(seconds=15),
    )
    workers = [
        _with_heartbeat(
            name,
            command=_worker(name, consumes),
            grace=settings.EMAIL_SEND_TIMEOUT + timedelta(seconds=5),
            environment=environment,
            run_dir=run_dir,
        )
        for name, consumes in WORKERS.items()
    ]
    beat = _with_heartbeat(
        BEAT,
        command=_python("celery", "--quiet", "-A", "config", "beat"),
        grace=timedelta(seconds=10),
        environment=environment,
        run_dir=run_dir,
    )
    return (web, *workers, beat)


def _worker(name: str, consumes: Iterable[str]) -> tuple[str, ...]:
    return _python(
        "celery",
        "--quiet",
        "-A",
        "config",
        "worker",
        f"--queues={','.join(consumes)}",
        # The port tells two stacks on one machine apart.
        f"--hostname={name}-{settings.PORT}@%h",
        f"--concurrency={settings.WORKER_CONCURRENCY}",
        "--without-gossip",
        "--without-mingle",
    )


def _with_heartbeat(
    name: str,
    *,
    command: tuple[str, ...],
    grace: timedelta,
    environment: dict[str, str],
    run_dir: Path,
) -> Program:
    heartbeat = run_dir / f"{name}.heartbeat"
    return Program(
        name=name,
        command=command,
        directory=settings.BASE_DIR,
        environment={**environment, "HEARTBEAT_FILE": str(heartbeat)},
        grace=grace,
        heartbeat=heartbeat,
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
