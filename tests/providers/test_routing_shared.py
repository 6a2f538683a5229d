"""One state for all workers, on a real Valkey that is killed and hung in the middle."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from providers import routing
from providers import state as states
from providers.errors import ConfigurationError, Phase, TransientError
from tests.support.valkey import ValkeyServer

LONGEST_CALL = 0.45  # seconds: 0.3 for Redis, the rest for a busy machine


def error(kind: Any = TransientError, **more: Any) -> Any:
    return kind(provider="a", phase=Phase.CONNECT, code="unavailable", summary="s", **more)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def chain(valkey: ValkeyServer, use_providers: Any) -> None:
    """Two providers, a before b, on an empty Valkey."""
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory")


@pytest.fixture
def other_worker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that calls another one as another worker would: with its own memory."""
    other = states.WorkersState(lambda: settings.REDIS_URL)

    def call(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(routing, "_state", other)
            return function(*args, **options)

    return call


@pytest.fixture
def short_rest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis is asked again after 0.2 s."""
    monkeypatch.setattr(states, "REST", 0.2)
    yield
    routing._state.reconnect()


def test_what_one_worker_learns_all_know(other_worker: Any) -> None:
    for _ in range(3):
        routing.note_failure("a", error())
    for _ in range(2):
        other_worker(routing.note_failure, "a", error())
    assert routing.permit(now=now()).providers == ("b",)
    other_worker(routing.note_failure, "b", error(retry_after=timedelta(seconds=60)))
    assert routing.permit(now=now()).providers == ()
    assert routing.is_shared()
    assert [state.shared for state in routing.states(now=now())] == [True, True]
    assert [entry.change for entry in other_worker(routing.history, "a")] == ["open"]


def asked(valkey: ValkeyServer) -> int:
    """Return how often standings were read so far."""
    with valkey.client() as client:
        return int(client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])


def test_where_all_is_well_a_permit_is_given_by_what_was_read_a_moment_ago(
    valkey: ValkeyServer, other_worker: Any
) -> None:
    routing.permit(now=now())
    before = asked(valkey)
    for _ in range(5):
        assert routing.permit(now=now(), wanted=3).providers == ("a", "b")
    assert asked(valkey) == before
    for _ in range(5):
        other_worker(routing.note_failure, "a", error())
    time.sleep(states.RECENT)
    assert routing.permit(now=now()).providers == ("b",)
    other_worker(routing.resume, "a", reason="mended")
    # Where something is wrong, everybody looks before each permit.
    assert routing.permit(now=now()).providers == ("a", "b")


def test_who_looks_ahead_keeps_the_next_permit_from_asking(valkey: ValkeyServer) -> None:
    routing.permit(now=now())
    before = asked(valkey)
    routing.look_ahead()
    assert asked(valkey) == before, "what was read just now will do"
    time.sleep(states.RECENT * 0.6)
    routing.look_ahead()
    assert asked(valkey) == before + 1
    time.sleep(states.RECENT * 0.6)
    routing.permit(now=now())
    assert asked(valkey) == before + 1


def test_what_a_worker_finds_out_itself_it_knows_at_once(other_worker: Any) -> None:
    for _ in range(4):
        other_worker(routing.note_failure, "a", error())
    routing.permit(now=now())
    routing.note_failure("a", error())
    assert routing.permit(now=now()).providers == ("b",)


def test_a_killed_redis_costs_no_call_and_breakers_go_on_from_what_all_knew(
    valkey: ValkeyServer, other_worker: Any, short_rest: None
) -> None:
    for _ in range(5):
        other_worker(routing.note_failure, "b", error())
    routing.permit(now=now())
    valkey.kill()
    started = time.monotonic()
    assert routing.permit(now=now()).providers == ("a",)
    for _ in range(5):
        routing.note_failure("a", error(ConfigurationError))
    assert routing.permit(now=now()).providers == ()
    assert time.monotonic() - started < LONGEST_CALL
    assert not routing.is_shared()
    assert [state.shared for state in routing.states(now=now())] == [False, False]
    assert routing.history("a")[0].change == "open"


def test_what_was_learned_alone_is_told_when_redis_is_back(
    valkey: ValkeyServer, other_worker: Any, short_rest: None
) -> None:
    routing.permit(now=now())
    valkey.kill()
    routing.note_failure("a", error(retry_after=timedelta(seconds=60)))
    valkey.start()
    time.sleep(0.25)
    assert routing.permit(now=now()).providers == ("b",)
    assert routing.is_shared()
    assert other_worker(routing.permit, now=now()).providers == ("b",)


def test_a_hung_redis_costs_one_short_wait_and_then_none(valkey: ValkeyServer) -> None:
    routing.permit(now=now())
    valkey.freeze()
    took = []
    for call in (
        lambda: routing.permit(now=now(), wanted=5),
        lambda: routing.note_success("a"),
        lambda: routing.note_failure("a", error()),
        lambda: routing.states(now=now()),
        lambda: routing.history("a"),
    ):
        started = time.monotonic()
        call()
        took.append(time.monotonic() - started)
    assert max(took) < LONGEST_CALL
    assert sum(took) - max(took) < 0.1


def test_a_hung_redis_at_the_first_connection_costs_one_short_wait(
    valkey: ValkeyServer, other_worker: Any
) -> None:
    valkey.freeze()
    started = time.monotonic()
    assert other_worker(routing.permit, now=now()).granted == 1
    assert time.monotonic() - started < LONGEST_CALL


def test_an_address_that_swallows_packets_costs_one_short_wait(
    settings: Any, other_worker: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):  # with its queue full, Linux answers no further connection
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        settings.REDIS_URL = f"redis://127.0.0.1:{full.getsockname()[1]}/0"
        started = time.monotonic()
        assert other_worker(routing.permit, now=now()).granted == 1
        assert 0.25 < time.monotonic() - started < LONGEST_CALL


def test_an_address_of_another_kind_leaves_each_process_to_itself(
    settings: Any, other_worker: Any
) -> None:
    settings.REDIS_URL = "sentinel://127.0.0.1:26379"
    assert other_worker(routing.permit, now=now()).granted == 1
    assert not other_worker(routing.is_shared)


def test_without_redis_a_process_takes_its_share_of_the_rate(
    valkey: ValkeyServer, use_providers: Any, other_worker: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory", A_RATE="20/m")
    routing.permit(now=now(), wanted=1)
    # Takers are known by their process; this one is told of three more.
    client = routing._state._shared._redis  # type: ignore[union-attr]
    microseconds = int(time.time() * 1_000_000)
    client.zadd("postroom:provider:{a}:takers", {f"w{n}": microseconds for n in range(3)})
    routing.permit(now=now(), wanted=1)
    valkey.kill()
    assert routing.permit(now=now(), wanted=50).granted == 5


def test_what_redis_holds_names_no_address(valkey: ValkeyServer) -> None:
    routing.note_failure("a", error(), recipient_hash=routing.recipient_hash("minji@example.com"))
    with valkey.client() as client:
        kept = b"".join(client.get(key) or b"" for key in client.keys("postroom:*:standing"))
    assert kept
    assert b"example.com" not in kept


# --- four real processes --------------------------------------------------------------------------

WORKER = """
import json, os, sys, time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import django; django.setup()
from django.conf import settings
from django.utils import timezone
from providers import routing
from providers.errors import Phase, TransientError
settings.MAILERS = {"a": {"TYPE": "memory", "RATE": None}, "b": {"TYPE": "memory", "RATE": None}}
settings.EMAIL_PROVIDERS = ["a", "b"]
policy = settings.PROVIDER_POLICY
settings.PROVIDER_POLICY = replace(policy, breaker=replace(
    policy.breaker, first=timedelta(seconds=0.2), longest=timedelta(seconds=0.4)))
back = Path(sys.argv[1])
print("ready", flush=True)
ends = float(sys.stdin.readline())
while time.time() < ends:
    permit = routing.permit(now=timezone.now())
    for place, alias in enumerate(permit.providers):
        if place and not routing.may_take_over(alias):
            break
        began = time.time()
        time.sleep(0.02)
        well = alias == "b" or back.exists()
        print(json.dumps([alias, permit.probe, began, time.time(), well]), flush=True)
        if well:
            routing.note_success(alias)
            break
        error = TransientError(provider=alias, phase=Phase.CONNECT, code="down", summary="s")
        routing.note_failure(alias, error)
"""


def test_four_workers_send_one_probe_at_a_time_and_return_together(tmp_path: Path) -> None:
    back = tmp_path / "a-is-back"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(back)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    begins = time.time()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{begins + 4}\n")
        worker.stdin.flush()
    time.sleep(2.5)
    back.touch()
    came_back = time.time()
    tries: list[list[Any]] = []
    for worker in workers:
        printed, _ = worker.communicate(timeout=30)
        assert worker.returncode == 0
        tries += map(json.loads, printed.splitlines())
    tries.sort(key=lambda one: one[2])
    before = [one for one in tries if one[0] == "a" and one[3] < came_back]
    probes = [one for one in before if one[1] == "a"]
    # Five failures, and at most one more mail under way in each of the other three workers.
    assert 5 <= len(before) - len(probes) <= 8
    assert len(probes) >= 3
    every_probe = [one for one in tries if one[0] == "a" == one[1]]
    assert all(first[3] <= second[2] for first, second in pairwise(every_probe))
    assert sum(one[0] == "b" for one in tries if one[3] < came_back) > 100
    late = [one[0] for one in tries if one[2] > came_back + 0.7]
    assert len(late) > 20
    assert set(late) == {"a"}
