"""The worker's signs of life: by a child, and by the main loop where no child gets to it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from config import heartbeats
from config.worker import HeartbeatStep

HOSTNAME = "live@host"


class Timer:
    """The worker's timer, whose time passes when it is told to."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.seconds = 0.0

    def call_repeatedly(self, seconds: float, call: Callable[..., None], args: Any) -> Any:
        """Take note of what is to be called."""
        self.seconds = seconds
        self.calls.append(lambda: call(*args))
        return SimpleNamespace(cancel=self.calls.clear)

    def pass_by(self) -> None:
        """Let an interval pass."""
        for call in self.calls:
            call()


class Pool:
    """Children that answer when they are told to."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []

    def apply_async(self, target: Callable[..., None], args: Any, **options: Any) -> None:
        """Take note of what is asked of a child."""
        self.jobs.append({"target": target, "args": args, **options})


class Semaphore:
    """One that calls whom it lets through later, when all children are busy."""

    def __init__(self) -> None:
        self.is_free = True
        self.waiting: list[Callable[[], None]] = []

    def acquire(self, call: Callable[..., None], *args: Any) -> None:
        """Call at once, or once there is a child."""
        if self.is_free:
            call(*args)
        else:
            self.waiting.append(lambda: call(*args))


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the main loop itself did."""
    done: list[str] = []

    def beat(component: str, instance: str, *, forks: bool) -> None:
        assert (component, instance, forks) == ("worker", HOSTNAME, True)
        done.append("row")

    monkeypatch.setattr(heartbeats, "beat", beat)
    monkeypatch.setattr(heartbeats, "touch", lambda: done.append("file"))
    return done


@pytest.fixture(params=["prefork", "threads"])
def parent(request: pytest.FixtureRequest) -> Any:
    """A worker; one with threads has no semaphore."""
    semaphore = Semaphore() if request.param == "prefork" else None
    return SimpleNamespace(hostname=HOSTNAME, timer=Timer(), pool=Pool(), semaphore=semaphore)


def started(parent: Any) -> HeartbeatStep:
    """Return the step of this worker, begun."""
    step = HeartbeatStep(parent)
    step.start(parent)
    return step


def test_the_first_sign_is_the_main_loops_own(parent: Any, own: list[str]) -> None:
    started(parent)
    assert own == ["row"]
    assert parent.timer.seconds == heartbeats.INTERVAL.total_seconds()


def test_then_a_child_is_asked_each_time_and_the_file_touched(parent: Any, own: list[str]) -> None:
    started(parent)
    for _ in range(3):
        parent.timer.pass_by()
        job = parent.pool.jobs[-1]
        assert (job["target"], job["args"]) == (heartbeats.record, ("worker", HOSTNAME))
        job["callback"](None)
    assert len(parent.pool.jobs) == 3
    assert own == ["row", *["file"] * 3]


def test_while_no_child_answers_the_main_loop_does_it(parent: Any, own: list[str]) -> None:
    started(parent)
    for _ in range(3):
        parent.timer.pass_by()
    assert len(parent.pool.jobs) == 1, "not one more each time"
    assert own == ["row", "file", "row", "row"]
    parent.pool.jobs[0]["error_callback"](None)  # killed
    parent.timer.pass_by()
    assert len(parent.pool.jobs) == 2


def test_while_all_children_are_busy_the_main_loop_does_it(own: list[str]) -> None:
    semaphore = Semaphore()
    parent: Any = SimpleNamespace(
        hostname=HOSTNAME, timer=Timer(), pool=Pool(), semaphore=semaphore
    )
    started(parent)
    semaphore.is_free = False
    for _ in range(3):
        parent.timer.pass_by()
    assert (len(semaphore.waiting), parent.pool.jobs) == (1, [])
    assert own == ["row", "file", "row", "row"]
    semaphore.waiting.pop()()
    parent.pool.jobs[0]["callback"](None)
    semaphore.is_free = True
    parent.timer.pass_by()
    assert len(parent.pool.jobs) == 2


def test_who_stops_falls_silent(parent: Any, own: list[str]) -> None:
    step = started(parent)
    step.stop(parent)
    parent.timer.pass_by()
    assert (own, parent.pool.jobs) == (["row"], [])
