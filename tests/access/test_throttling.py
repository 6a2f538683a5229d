"""Each key has its own number of requests in a period, and is told where it stands."""

import time
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django import Settings

from access import keys, throttling
from access.actors import Actor
from providers.rates import parse_rate
from tests.support.valkey import ValkeyServer

if TYPE_CHECKING:
    from access.keys import CreatedKey

pytestmark = pytest.mark.django_db
BASKETS = "/api/v1/baskets/"


@pytest.fixture(autouse=True)
def three_an_hour(settings: Settings) -> None:
    """Let a key make three requests an hour, counted anew by each test."""
    settings.API_RATE = parse_rate("3/h")
    throttling._counts.cache_clear()


@pytest.fixture(params=["with Valkey", "without"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Count in Valkey, and without one."""
    if request.param == "with Valkey":
        request.getfixturevalue("valkey")
    else:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"


@pytest.mark.usefixtures("anywhere")
def test_a_key_is_told_what_it_has_left_and_when_to_come_back(with_key: Client) -> None:
    answers = [with_key.get(BASKETS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    left = [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers]
    assert left == ['"api-key";r=2', '"api-key";r=1', '"api-key";r=0', '"api-key";r=0']
    assert answers[0].headers["RateLimit-Policy"] == '"api-key";q=3;w=3600'
    refused = answers[-1]
    assert refused.json()["type"] == "/api/problems/throttled/"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit"].endswith(f";t={refused.headers['Retry-After']}")


@pytest.mark.usefixtures("anywhere")
def test_each_key_is_counted_by_itself(with_key: Client) -> None:
    for _ in range(4):
        with_key.get(BASKETS)
    other = keys.create(name="Other", actor=Actor.system("tests")).key
    answer = with_key.get(BASKETS, headers={"Authorization": f"Bearer {other}"})
    assert answer.status_code == 200


@pytest.mark.usefixtures("valkey")
def test_all_processes_count_together(key: "CreatedKey") -> None:
    for _ in range(3):
        throttling.use(key.record)
    throttling._counts.cache_clear()  # as another process would begin
    assert throttling.use(key.record).is_exceeded


def test_a_hung_valkey_holds_up_one_request_for_a_moment_and_the_next_not_at_all(
    key: "CreatedKey", valkey: ValkeyServer
) -> None:
    throttling.use(key.record)
    valkey.freeze()
    began = time.monotonic()
    throttling.use(key.record)
    assert time.monotonic() - began < 1
    began = time.monotonic()
    for _ in range(100):
        throttling.use(key.record)
    assert time.monotonic() - began < 0.1


def test_counts_of_past_windows_are_dropped() -> None:
    counts = throttling.Counts("redis://127.0.0.1:1/0")
    for window in range(5):
        assert counts.add("k", window=window, lasts=1) == 1
    assert len(counts._own) == 1


def test_answers_without_a_key_say_nothing_of_limits(client: Client) -> None:
    assert "RateLimit" not in client.get(BASKETS).headers
