"""Failover by breaker, batches under way, refusals of everybody: what a worker is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from structlog.testing import capture_logs

from config.env import Environment
from providers import routing
from providers.breaker import BreakerState
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)
from providers.thresholds import read_policy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def error(kind: type[ProviderError] = TransientError, code: str = "unavailable") -> ProviderError:
    return kind(provider="a", phase=Phase.CONNECT, code=code, summary="s")


def fails(alias: str, times: int = 5, *, at: float = 0) -> None:
    for _ in range(times):
        routing.note_failure(alias, error(), now=after(at))


@pytest.fixture(autouse=True)
def chain(use_providers: Any, settings: Any, tmp_path: Path) -> None:
    """Two providers, a before b; no Redis listens, whatever other tests have started."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory")


@pytest.mark.parametrize("kind", [TransientError, UnknownOutcome])
def test_mail_goes_round_a_provider_that_failed_five_times_in_a_row(
    kind: type[ProviderError],
) -> None:
    for _ in range(4):
        routing.note_failure("a", error(kind), now=NOW)
    assert routing.permit(now=NOW).providers == ("a", "b")
    routing.note_failure("a", error(kind), now=NOW)
    assert routing.permit(now=NOW, wanted=9) == routing.Permit(
        providers=("b",), available_at=None, granted=9
    )


def test_the_first_mail_of_a_batch_probes_and_the_others_go_round() -> None:
    fails("a")
    permit = routing.permit(now=after(1), wanted=3)
    assert (permit.providers, permit.probe, permit.granted) == (("a", "b"), "a", 3)
    assert routing.chain(permit, position=0, now=after(1)) == ("a", "b")
    assert routing.chain(permit, position=1, now=after(1)) == ("b",)
    assert routing.permit(now=after(1)).providers == ("b",)


def test_traffic_returns_when_the_probe_is_taken_and_in_the_same_batch() -> None:
    fails("a")
    permit = routing.permit(now=after(1), wanted=3)
    routing.note_success("a", now=after(1.1))
    assert routing.chain(permit, position=1, now=after(1.2)) == ("a", "b")
    assert routing.permit(now=after(1.2)).providers == ("a", "b")
    assert [(c.change, c.reason) for c in routing.history("a")] == [
        ("closed", "accepted"),
        ("half-open", "probe"),
        ("open", "unavailable"),
    ]


def test_a_refused_probe_closes_too_because_whoever_refuses_is_there() -> None:
    fails("a")
    routing.permit(now=after(1))
    routing.note_failure("a", error(PermanentError), now=after(1.1))
    assert routing.permit(now=after(1.2)).probe is None
    assert routing.permit(now=after(1.2)).providers == ("a", "b")


def test_a_failed_probe_waits_longer_and_the_wait_is_bounded() -> None:
    fails("a")
    waits, now = [], 0.0
    for _ in range(8):
        probe_at = routing.states(now=after(now))[0].probe_at
        assert probe_at is not None
        waits.append((probe_at - after(now)).total_seconds())
        now += waits[-1]
        assert routing.permit(now=after(now)).probe == "a"
        fails("a", 1, at=now)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_with_nobody_left_one_mail_probes_every_few_seconds_and_the_rest_is_not_claimed() -> None:
    for at in (0, 1, 3, 6, 9):
        fails("a", at=at)
        fails("b", at=at)
        waiting = routing.permit(now=after(at), wanted=50)
        assert (waiting.providers, waiting.granted) == ((), 0)
        assert waiting.available_at is not None
        assert waiting.available_at <= after(at + 3)
        probing = routing.permit(now=waiting.available_at, wanted=50)
        assert (probing.providers, probing.probe, probing.granted) == (("a", "b"), "a", 1)
        assert routing.may_take_over("b", now=waiting.available_at)
        assert not routing.may_take_over("b", now=waiting.available_at)


def test_while_the_only_provider_is_probed_others_ask_again_soon(use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory")
    fails("a")
    assert routing.permit(now=after(1)).probe == "a"
    assert routing.permit(now=after(1), wanted=9) == routing.Permit(
        providers=(), available_at=after(2), granted=0
    )


def test_a_batch_whose_only_provider_fails_meanwhile_is_given_back(use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory")
    permit = routing.permit(now=NOW, wanted=9)
    assert routing.chain(permit, position=4, now=NOW) == ("a",)
    fails("a")
    assert routing.chain(permit, position=5, now=NOW) == ()


def test_a_batch_goes_on_at_the_next_provider_and_pays_its_rate(use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory", A_RATE="9/m", B_RATE="2/m")
    permit = routing.permit(now=NOW, wanted=9)
    fails("a")
    chains = [routing.chain(permit, position=place, now=NOW) for place in (5, 6, 7)]
    assert chains == [("b",), ("b",), ()]


def test_a_probe_that_was_not_used_is_anothers_at_once() -> None:
    fails("a")
    permit = routing.permit(now=after(1))
    routing.give_back(permit, now=after(1))
    assert routing.permit(now=after(1)).probe == "a"


def test_a_probe_that_a_dead_worker_had_is_given_up() -> None:
    fails("a")
    assert routing.permit(now=after(1)).probe == "a"
    assert routing.permit(now=after(30.9)).probe is None
    assert routing.permit(now=after(31)).probe == "a"


def test_refused_settings_fail_over_at_once_and_raise_the_alarm() -> None:
    with capture_logs() as logs:
        routing.note_failure("a", error(ConfigurationError, "unauthorized"), now=NOW)
    assert routing.permit(now=NOW).providers == ("b",)
    assert routing.states(now=NOW)[0].alarm == "unauthorized"
    assert [(entry["log_level"], entry["event"], entry["code"]) for entry in logs][-1] == (
        "error",
        "provider.paused",
        "unauthorized",
    )


def test_a_provider_that_refuses_everybody_is_paused_with_an_alarm_and_mail_fails_over() -> None:
    with capture_logs() as logs:
        for number in range(10):
            assert routing.permit(now=NOW).providers == ("a", "b")
            routing.note_failure(
                "a",
                error(PermanentError, "recipient_rejected"),
                now=NOW,
                recipient_hash=routing.recipient_hash(f"{number}@example.com"),
            )
    assert routing.permit(now=NOW).providers == ("b",)
    state = routing.states(now=NOW)[0]
    assert (state.alarm, state.refused_in_a_row, state.takes_mail) == ("mass_rejection", 10, False)
    assert [entry["log_level"] for entry in logs if entry["event"] == "provider.paused"] == [
        "error"
    ]
    assert "example.com" not in str(logs)


def test_a_recipients_hash_is_one_per_person_and_no_address() -> None:
    one = routing.recipient_hash("Minji@example.com ")
    assert one == routing.recipient_hash("minji@example.com")
    assert one != routing.recipient_hash("minjo@example.com")
    assert "minji" not in one


def test_the_state_says_all_that_an_operator_asks(use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory", A_RATE="20/s")
    fails("a")
    first, second = routing.states(now=NOW)
    assert (first.alias, first.type, first.rate) == ("a", "memory", "20/s")
    assert (first.breaker, first.since, first.reason) == (BreakerState.OPEN, NOW, "unavailable")
    assert (first.probe_at, first.alarm, first.shared) == (after(1), "unavailable", False)
    assert (second.breaker, second.alarm, second.takes_mail) == (BreakerState.CLOSED, None, True)


def test_a_person_can_resume_a_provider() -> None:
    fails("a")
    routing.pause("a", until=after(3600), reason="maintenance", now=NOW)
    routing.resume("a", reason="mended", now=after(1))
    assert routing.permit(now=after(1)).providers == ("a", "b")
    assert {(entry.change, entry.reason) for entry in routing.history("a")[:2]} == {
        ("closed", "mended"),
        ("resumed", "mended"),
    }


@pytest.mark.parametrize(
    "values",
    [
        {"PROVIDER_BREAKER_FIRST": "0"},
        {"PROVIDER_BREAKER_FIRST": "1m"},
        {"PROVIDER_BREAKER_LONGEST_ALONE": "0s"},
        {"PROVIDER_BREAKER_FAILURES": "0"},
    ],
)
def test_thresholds_that_make_no_sense_are_refused_at_the_start(values: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match=next(iter(values))):
        read_policy(Environment(values), send_timeout=timedelta(seconds=20))


def test_a_provider_that_is_as_new_again_is_paid_for_what_another_was_paid_for(
    use_providers: Any,
) -> None:
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory", A_RATE="1/m")
    routing.pause("a", until=NOW + timedelta(minutes=5), reason="by hand", now=NOW)
    permit = routing.permit(now=NOW, wanted=3)
    assert permit.providers == ("b",)
    routing.reset()
    assert routing.permit(now=NOW).granted == 1  # all that a may take in this minute
    assert routing.chain(permit, position=1, now=NOW) == ()
