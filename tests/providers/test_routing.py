"""Which providers may take mail now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import routing
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)
from providers.pauses import LONGEST_AFTER_CONFIGURATION, pause_after

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def error(
    kind: type[ProviderError], *, code: str = "x", seconds: float | None = None
) -> ProviderError:
    wait = None if seconds is None else timedelta(seconds=seconds)
    return kind(provider="a", phase=Phase.RESPONSE, code=code, summary="s", retry_after=wait)


@pytest.fixture(autouse=True)
def chain(use_providers: Any) -> None:
    """Two providers, a before b."""
    use_providers(EMAIL_PROVIDERS="a=memory,b=memory")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_chain_is_the_setting_in_its_order() -> None:
    permit = routing.permit(now=NOW, wanted=50)
    assert permit == routing.Permit(providers=("a", "b"), available_at=None, granted=50)


def test_a_provider_that_asks_to_wait_is_left_alone_until_then() -> None:
    routing.note_failure("a", error(TransientError, seconds=7), now=NOW)
    assert routing.permit(now=after(6.9)).providers == ("b",)
    assert routing.permit(now=after(7)).providers == ("a", "b")


def test_with_all_paused_nothing_is_granted_and_the_earliest_time_is_named() -> None:
    routing.note_failure("a", error(TransientError, seconds=9), now=NOW)
    routing.note_failure("b", error(TransientError, seconds=4), now=NOW)
    assert routing.permit(now=after(1), wanted=5) == routing.Permit(
        providers=(), available_at=after(4), granted=0
    )


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    routing.note_failure("a", error(TransientError, seconds=60), now=NOW)
    routing.note_failure("a", error(TransientError, seconds=1), now=NOW)
    assert routing.permit(now=after(30)).providers == ("b",)


def test_a_success_of_a_mail_in_flight_does_not_end_a_wait_that_was_asked_for() -> None:
    routing.note_failure("a", error(TransientError, seconds=60), now=NOW)
    routing.note_success("a")
    assert routing.permit(now=after(30)).providers == ("b",)


def test_refused_settings_pause_longer_each_time_and_a_success_ends_it() -> None:
    routing.note_failure("a", error(ConfigurationError), now=NOW)
    assert routing.permit(now=after(29)).providers == ("b",)
    assert routing.permit(now=after(31)).providers == ("a", "b")
    routing.note_failure("a", error(ConfigurationError), now=after(31))
    assert routing.permit(now=after(31 + 59)).providers == ("b",)
    routing.note_success("a")
    assert routing.permit(now=after(31 + 59)).providers == ("a", "b")


def test_one_mails_refusal_or_doubt_pauses_nobody() -> None:
    for kind in (PermanentError, UnknownOutcome, TransientError):
        routing.note_failure("a", error(kind), now=NOW)
    routing.note_failure("a", error(PermanentError, seconds=60), now=NOW)
    assert routing.permit(now=NOW).providers == ("a", "b")


def test_a_rate_limit_without_a_time_is_a_short_pause() -> None:
    routing.note_failure("a", error(TransientError, code="rate_limited"), now=NOW)
    assert routing.permit(now=after(0.9)).providers == ("b",)
    assert routing.permit(now=after(1)).providers == ("a", "b")


def test_a_pause_by_hand_is_shown_with_its_reason() -> None:
    routing.pause("b", until=after(60), reason="maintenance")
    paused = routing.states(now=NOW)
    assert [(state.alias, state.type) for state in paused] == [("a", "memory"), ("b", "memory")]
    assert paused[0].pause is None
    assert paused[1].pause == routing.Pause(until=after(60), reason="maintenance")
    assert routing.states(now=after(60))[1].pause is None


@given(count=st.integers(min_value=0, max_value=10**9), seconds=st.none() | st.floats(0, 3600))
def test_no_pause_is_endless(count: int, seconds: float | None) -> None:
    wait = pause_after(error(ConfigurationError, seconds=seconds), configuration_failures=count)
    assert wait is not None
    assert wait <= max(LONGEST_AFTER_CONFIGURATION, timedelta(seconds=seconds or 0))
