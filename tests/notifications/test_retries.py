"""The retry policy, as a table and as properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.models import AttemptOutcome, NextStep
from notifications.retries import Budget, Failure, RetryPolicy, decide, deciding

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy(
    first_delay=timedelta(seconds=10),
    max_delay=timedelta(hours=4),
    floor=timedelta(seconds=1),
    max_attempts=25,
)
ROOMY = Budget(attempts=1, lost_in_a_row=0, expires_at=NOW + timedelta(hours=48))


def failure(outcome: AttemptOutcome, *, retry_after: timedelta | None = None) -> Failure:
    return Failure(outcome=outcome, code="code", retry_after=retry_after)


@pytest.mark.parametrize(
    ("outcome", "on_unknown", "step", "counted"),
    [
        (AttemptOutcome.TRANSIENT, "resend", NextStep.RETRY, True),
        (AttemptOutcome.TRANSIENT, "hold", NextStep.RETRY, True),
        (AttemptOutcome.PERMANENT, "resend", NextStep.DEAD_LETTER, True),
        (AttemptOutcome.RENDERING, "resend", NextStep.DEAD_LETTER, False),
        (AttemptOutcome.CONFIGURATION, "hold", NextStep.WAIT, False),
        (AttemptOutcome.UNKNOWN, "resend", NextStep.RETRY, True),
        (AttemptOutcome.UNKNOWN, "hold", NextStep.HOLD, True),
        (AttemptOutcome.LOST, "resend", NextStep.RETRY, True),
        (AttemptOutcome.LOST, "hold", NextStep.HOLD, True),
    ],
)
def test_each_outcome_has_its_next_step(
    outcome: AttemptOutcome, on_unknown: str, step: NextStep, counted: bool
) -> None:
    decision = decide(
        failure(outcome), budget=ROOMY, policy=POLICY, on_unknown=on_unknown, now=NOW, jitter=0.5
    )
    assert (decision.step, decision.counted) == (step, counted)
    assert (decision.at is not None) == (step in {NextStep.RETRY, NextStep.WAIT})


def test_the_last_attempt_of_the_budget_ends_in_a_dead_letter() -> None:
    used_up = Budget(attempts=25, lost_in_a_row=0, expires_at=ROOMY.expires_at)
    decision = decide(
        failure(AttemptOutcome.TRANSIENT),
        budget=used_up,
        policy=POLICY,
        on_unknown="resend",
        now=NOW,
        jitter=0.0,
    )
    assert (decision.step, decision.reason) == (NextStep.DEAD_LETTER, "retries_exhausted")


def test_a_provider_set_up_wrongly_never_uses_up_the_budget() -> None:
    used_up = Budget(attempts=1000, lost_in_a_row=0, expires_at=ROOMY.expires_at)
    decision = decide(
        failure(AttemptOutcome.CONFIGURATION),
        budget=used_up,
        policy=POLICY,
        on_unknown="resend",
        now=NOW,
        jitter=0.0,
    )
    assert decision.step == NextStep.WAIT


@pytest.mark.parametrize("outcome", [AttemptOutcome.TRANSIENT, AttemptOutcome.CONFIGURATION])
def test_nothing_is_tried_after_its_time(outcome: AttemptOutcome) -> None:
    brief = Budget(attempts=1, lost_in_a_row=0, expires_at=NOW + timedelta(milliseconds=1))
    decision = decide(
        failure(outcome), budget=brief, policy=POLICY, on_unknown="resend", now=NOW, jitter=0.0
    )
    assert (decision.step, decision.reason) == (NextStep.DEAD_LETTER, "expired")


def test_a_mail_that_keeps_killing_its_worker_is_given_up() -> None:
    killer = Budget(attempts=3, lost_in_a_row=3, expires_at=ROOMY.expires_at)
    decision = decide(
        failure(AttemptOutcome.LOST),
        budget=killer,
        policy=POLICY,
        on_unknown="hold",
        now=NOW,
        jitter=0.0,
    )
    assert (decision.step, decision.reason) == (NextStep.DEAD_LETTER, "worker_lost")


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_the_floor_and_the_doubling_ceiling(
    attempt: int, jitter: float
) -> None:
    delay = POLICY.delay(attempt, jitter=jitter, retry_after=None)
    assert POLICY.floor <= delay <= POLICY.ceiling(attempt) <= POLICY.max_delay
    assert POLICY.ceiling(attempt + 1) in {2 * POLICY.ceiling(attempt), POLICY.max_delay}


def test_backoff_uses_the_whole_range() -> None:
    assert POLICY.delay(3, jitter=0.0, retry_after=None) == timedelta(seconds=1)
    assert POLICY.delay(3, jitter=0.999999, retry_after=None) > timedelta(seconds=39)


@given(
    attempt=st.integers(1, 50),
    jitter=st.floats(0, 1, exclude_max=True),
    seconds=st.integers(0, 7200),
)
def test_retry_after_is_a_lower_bound_that_is_kept_to_within_its_own_length(
    attempt: int, jitter: float, seconds: int
) -> None:
    asked = timedelta(seconds=seconds)
    delay = POLICY.delay(attempt, jitter=jitter, retry_after=asked)
    assert asked <= delay <= 2 * asked + POLICY.floor + POLICY.first_delay


def test_of_several_providers_the_one_that_failed_for_now_decides() -> None:
    transient = failure(AttemptOutcome.TRANSIENT, retry_after=timedelta(seconds=60))
    sooner = failure(AttemptOutcome.TRANSIENT, retry_after=timedelta(seconds=7))
    wrong = failure(AttemptOutcome.CONFIGURATION)
    assert deciding([wrong, wrong]) is wrong
    assert deciding([transient, wrong]) is transient
    assert deciding([transient, sooner, wrong]) is sooner


@pytest.mark.parametrize("last", [AttemptOutcome.PERMANENT, AttemptOutcome.UNKNOWN])
def test_a_final_word_of_the_last_provider_decides(last: AttemptOutcome) -> None:
    final = failure(last)
    assert deciding([failure(AttemptOutcome.TRANSIENT), final]) is final
