"""Rate limits: exact, shared, and used."""

import json
import subprocess
import sys
import time
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import routing
from providers.limits import Log, share_of
from providers.rates import Rate
from providers.shared_state import SharedState
from tests.support.valkey import ValkeyServer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

steps = st.lists(
    st.tuples(st.integers(0, 1_500_000), st.integers(1, 12)), min_size=1, max_size=60
)  # (microseconds since the last one, wanted)


def most_in_any_period(times: list[float], period: float) -> int:
    """Return the largest number of `times` in any closed period; it begins at one of them."""
    times = sorted(times)
    return max(
        (bisect_right(times, begin + period) - place for place, begin in enumerate(times)),
        default=0,
    )


@given(steps=steps, amount=st.integers(1, 8))
def test_no_period_ever_holds_more_than_the_rate(steps: list[tuple[int, int]], amount: int) -> None:
    log, now, granted = Log(), 0, []
    rate = Rate(amount, SECOND)
    for passed, wanted in steps:
        now += passed
        grant = log.take(wanted, rate=rate, now=NOW + timedelta(microseconds=now))
        assert grant.granted <= wanted
        assert (grant.wait is None) == (grant.granted == wanted)
        granted += [now] * grant.granted
    assert most_in_any_period(granted, 1_000_000) <= amount


@given(steps=steps, amount=st.integers(1, 8))
def test_the_wait_is_exact_and_nothing_is_kept_back(
    steps: list[tuple[int, int]], amount: int
) -> None:
    log, now, rate = Log(), NOW, Rate(amount, SECOND)
    for passed, wanted in steps:
        now += timedelta(microseconds=passed)
        grant = log.take(wanted, rate=rate, now=now)
        if grant.wait is not None:
            assert timedelta(0) < grant.wait <= SECOND + timedelta(microseconds=1)
            just_before = now + grant.wait - timedelta(microseconds=1)
            assert log.take(1, rate=rate, now=just_before).granted == 0
            now += grant.wait
            assert log.take(1, rate=rate, now=now).granted == 1


@given(amount=st.integers(1, 20), back=st.integers(1, 10**9))
def test_a_clock_set_back_costs_one_period_and_keeps_the_bound(amount: int, back: int) -> None:
    log, rate = Log(), Rate(amount, SECOND)
    log.take(amount, rate=rate, now=NOW)
    earlier = NOW - timedelta(microseconds=back)
    assert log.take(1, rate=rate, now=earlier).granted == 0
    later = earlier + SECOND + timedelta(microseconds=1)
    assert log.take(amount, rate=rate, now=later).granted == amount


def test_permits_given_back_can_be_had_again() -> None:
    log, rate = Log(), Rate(5, SECOND)
    grant = log.take(5, rate=rate, now=NOW)
    log.give_back(grant.receipt, 3)
    assert log.take(5, rate=rate, now=NOW).granted == 3


def test_a_lowered_rate_waits_until_the_log_is_below_it() -> None:
    log = Log()
    for place in range(10):
        log.take(1, rate=Rate(10, SECOND), now=NOW + place * SECOND / 10)
    grant = log.take(1, rate=Rate(3, SECOND), now=NOW + SECOND * 0.95)
    assert NOW + SECOND * 0.95 + (grant.wait or SECOND) > NOW + SECOND * 1.7


@given(amount=st.integers(1, 10**6), takers=st.integers(1, 500))
def test_the_shares_of_all_processes_are_no_more_than_the_rate(amount: int, takers: int) -> None:
    share = share_of(Rate(amount, SECOND), takers)
    assert share.amount * takers / (share.period / SECOND) <= amount * 1.000001


# --- through Valkey -------------------------------------------------------------------------------


@pytest.fixture
def one_provider(valkey: ValkeyServer, use_providers: Any) -> None:
    """A provider that takes 20 mails a second, and a second one without a limit."""
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory", A_RATE="20/s")


def test_a_batch_gets_as_many_as_there_are_and_the_time_of_the_rest(one_provider: None) -> None:
    now = datetime.now(UTC)
    first = routing.permit(now=now, wanted=15)
    assert (first.providers, first.granted, first.available_at) == (("a", "b"), 15, None)
    second = routing.permit(now=now, wanted=15)
    assert (second.providers, second.granted) == (("a", "b"), 5)
    assert second.available_at is not None
    assert timedelta(0) < second.available_at - now <= SECOND * 1.001


def test_mail_waits_for_a_limited_provider_and_does_not_go_to_the_next(one_provider: None) -> None:
    now = datetime.now(UTC)
    routing.permit(now=now, wanted=20)
    waiting = routing.permit(now=now)
    assert (waiting.providers, waiting.granted) == ((), 0)
    assert waiting.available_at is not None
    time.sleep((waiting.available_at - datetime.now(UTC)).total_seconds() + 0.01)
    assert routing.permit(now=datetime.now(UTC)).granted == 1


def test_a_permit_given_back_is_anothers(one_provider: None) -> None:
    now = datetime.now(UTC)
    permit = routing.permit(now=now, wanted=20)
    routing.give_back(permit, unused=7)
    assert routing.permit(now=now, wanted=20).granted == 7


def test_a_mail_that_fails_over_pays_the_next_providers_rate(
    valkey: ValkeyServer, use_providers: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory", B_RATE="2/m")
    assert [routing.may_take_over("b") for _ in range(3)] == [True, True, False]


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=12))
def test_the_script_and_the_pure_log_give_the_same_answers(
    valkey_server: ValkeyServer, steps: list[tuple[int, int]]
) -> None:
    valkey_server.start()
    shared = SharedState(f"unix://{valkey_server.socket}")
    shared.forget(["same"])
    log, rate = Log(), Rate(5, timedelta(milliseconds=50))
    for milliseconds, wanted in steps:
        time.sleep(milliseconds / 1000)
        grant = shared.take("same", wanted, rate=rate, now=NOW)
        server_time = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(grant.receipt))
        expected = log.take(wanted, rate=rate, now=server_time)
        assert (grant.granted, grant.wait) == (expected.granted, expected.wait)
    shared.close()


WORKER = """
import json, sys, time
import django; django.setup()
from django.conf import settings
from django.utils import timezone
from providers import routing
settings.MAILERS = {"a": {"TYPE": "memory", "RATE": "20/s"}}
settings.EMAIL_PROVIDERS = ["a"]
print("ready", flush=True)
ends = float(sys.stdin.readline())
while (now := time.time()) < ends:
    permit = routing.permit(now=timezone.now(), wanted=int(sys.argv[1]))
    if permit.granted:
        print(json.dumps([permit.receipts[0].grant.receipt, permit.granted]), flush=True)
    if permit.available_at:
        time.sleep(max(0, permit.available_at.timestamp() - time.time()))
"""


def test_four_processes_together_keep_the_rate_and_use_it(
    valkey: ValkeyServer, tmp_path: Path
) -> None:
    seconds = 6.0
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for wanted in (1, 1, 10, 50)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    ends = time.time() + seconds
    grants: list[tuple[float, int]] = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(f"{ends}\n")
        worker.stdin.flush()
    for worker in workers:
        printed, _ = worker.communicate(timeout=30)
        assert worker.returncode == 0
        grants += [(int(stamp), count) for stamp, count in map(json.loads, printed.splitlines())]
    times = [stamp for stamp, count in grants for _ in range(count)]
    assert most_in_any_period(times, 1_000_000) <= 20
    used = len(times) / (20 * seconds)
    assert used >= 0.9, f"{len(times)} permits in {seconds} s"
