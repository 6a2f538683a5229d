"""Publishers and workers agree on names: no queue without a worker, no task that nobody knows."""

from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings

from config.celery import app
from config.runner import stack
from notifications import queues

TASKS = {
    name: value
    for name, value in vars(queues).items()
    if name.isupper() and isinstance(value, str) and value not in queues.ALL
}
QUEUE_OF = {
    queues.DELIVER: queues.LIVE,
    queues.DELIVER_BATCH: queues.BACKLOG,
    queues.ERASE: queues.BACKLOG,
}
"""All others are upkeep."""


@pytest.fixture(scope="module")
def celery_app() -> Celery:
    """The application with its tasks, as a worker loads it."""
    app.loader.import_default_modules()
    app.finalize()
    return app


def consumed_by(program_name: str, tmp_path: Path) -> set[str]:
    """Return the queues on the command line that `manage.py up` starts a program with."""
    [program] = [
        one for one in stack.programs(run_dir=tmp_path, coloured=False) if one.name == program_name
    ]
    [option] = [part for part in program.command if part.startswith("--queues=")]
    return set(option.removeprefix("--queues=").split(","))


def workers(tmp_path: Path) -> dict[str, set[str]]:
    """Return what each worker that `manage.py up` starts consumes."""
    return {
        program.name: consumed_by(program.name, tmp_path)
        for program in stack.programs(run_dir=tmp_path, coloured=False)
        if "worker" in program.command
    }


def test_each_queue_is_consumed_by_a_worker_that_up_starts(tmp_path: Path) -> None:
    consumed = set().union(*workers(tmp_path).values())
    assert consumed == set(queues.ALL)


def test_live_mail_and_backlog_have_workers_of_their_own(tmp_path: Path) -> None:
    for name, consumes in workers(tmp_path).items():
        assert not {queues.LIVE, queues.BACKLOG} <= consumes, f"{name} would let one starve another"


def test_upkeep_goes_on_while_one_of_the_workers_is_busy(tmp_path: Path) -> None:
    caring = [name for name, consumes in workers(tmp_path).items() if queues.PERIODIC in consumes]
    assert len(caring) > 1


@pytest.mark.parametrize("name", TASKS)
def test_each_task_name_is_registered_with_its_queue(celery_app: Celery, name: str) -> None:
    task = celery_app.tasks[TASKS[name]]
    assert task.queue == QUEUE_OF.get(TASKS[name], queues.PERIODIC)


def test_each_task_of_ours_has_its_name_in_one_place(celery_app: Celery) -> None:
    ours = {name for name in celery_app.tasks if name.startswith("notifications.")}
    assert ours == {name for name in TASKS.values() if name.startswith("notifications.")}


def test_what_beat_asks_for_is_registered_and_goes_where_it_belongs(celery_app: Celery) -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        task = celery_app.tasks[entry["task"]]
        assert entry["options"]["queue"] == task.queue
        assert task.queue == QUEUE_OF.get(task.name, queues.PERIODIC)


def test_what_beat_asks_for_is_forgotten_rather_than_piled_up() -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] <= max(entry["schedule"], 15)


def test_a_task_that_names_no_queue_is_consumed_too(tmp_path: Path) -> None:
    consumed = set().union(*workers(tmp_path).values())
    assert settings.CELERY_TASK_DEFAULT_QUEUE in consumed
