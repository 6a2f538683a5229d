"""What happens after a failed attempt: a pure decision, made from the failure and the budget.

    transient        retry with exponential backoff, unless the budget is used up
    permanent        dead letter at once
    configuration    wait for a provider, without burning an attempt
    rendering        dead letter at once; redrivable when the template is mended
    unknown          `resend`: as transient, with the same Message-ID;  `hold`: a person decides
    lost             as unknown; after `max_lost` in a row a dead letter: the row kills workers

Backoff is "full jitter" (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/):
a uniform draw between a floor and a ceiling that doubles from `first_delay` to `max_delay`. A
provider's `Retry-After` is a lower bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from django.conf import settings

from notifications.models import AttemptOutcome, NextStep

UnknownOutcomePolicy = Literal["resend", "hold"]


class DeadLetterReason(StrEnum):
    """Why nothing more is tried without a person, where it is not the provider's own code."""

    RETRIES_EXHAUSTED = "retries_exhausted"
    EXPIRED = "expired"
    WORKER_LOST = "worker_lost"
    UNRESOLVED = "unresolved"
    REJECTED_AFTER_ACCEPTANCE = "rejected_after_acceptance"


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and for how long a mail is tried."""

    first_delay: timedelta
    max_delay: timedelta
    floor: timedelta
    max_attempts: int
    max_lost: int = 3
    provider_wait: timedelta = timedelta(seconds=60)

    @classmethod
    def from_settings(cls) -> "RetryPolicy":
        """Return the policy that the `RETRY_*` settings describe."""
        return cls(
            first_delay=settings.RETRY_FIRST_DELAY,
            max_delay=settings.RETRY_MAX_DELAY,
            floor=settings.RETRY_FLOOR,
            max_attempts=settings.RETRY_MAX_ATTEMPTS,
        )

    def ceiling(self, attempt: int) -> timedelta:
        """Return the longest backoff after the `attempt`-th attempt (1 is the first)."""
        # 2**20 first delays are beyond every maximum; the bound keeps the arithmetic small.
        doublings: int = 2 ** min(attempt - 1, 20)
        return min(self.max_delay, self.first_delay * doublings)

    def delay(self, attempt: int, *, jitter: float, retry_after: timedelta | None) -> timedelta:
        """Return the backoff after the `attempt`-th attempt.

        Args:
            attempt: how many attempts the budget has seen, this one included.
            jitter: a uniform draw from [0, 1).
            retry_after: the provider's own word, a lower bound.
        """
        # A provider's date is spread too, or everything that it refused comes back at once.
        least = max(self.floor, retry_after or timedelta())
        spread = max(self.ceiling(attempt) - self.floor, timedelta())
        if retry_after is not None:
            spread = min(spread, max(retry_after, self.first_delay))
        return least + spread * jitter


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong, in the words the decision needs."""

    outcome: AttemptOutcome
    code: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a notification has used up, the failed attempt included, and when its life ends."""

    attempts: int
    lost_in_a_row: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class RetryDecision:
    """What to do next, why, and when."""

    step: NextStep
    reason: str
    at: datetime | None = None
    counted: bool = True
    """False when the attempt did not reach a provider and must not use up the budget."""


def deciding(failures: Sequence[Failure]) -> Failure:
    """Return the failure that decides when each provider of the chain has failed in its way.

    The last one, unless it is a wrong set-up and an earlier provider failed only for now: then
    that one is worth a retry. Of several, the one with the shortest wait.

    Args:
        failures: at least one, in the order of the chain.
    """
    last = failures[-1]
    transient = [failure for failure in failures if failure.outcome == AttemptOutcome.TRANSIENT]
    if (
        last.outcome not in {AttemptOutcome.TRANSIENT, AttemptOutcome.CONFIGURATION}
        or not transient
    ):
        return last
    return min(transient, key=lambda failure: failure.retry_after or timedelta())


def decide(
    failure: Failure,
    *,
    budget: Budget,
    policy: RetryPolicy,
    on_unknown: UnknownOutcomePolicy,
    now: datetime,
    jitter: float,
) -> RetryDecision:
    """Decide what follows a failed attempt when no other provider can take the message now.

    Args:
        failure: what went wrong.
        budget: what has been used up, this attempt included.
        policy: the schedule.
        on_unknown: the template's policy for a message the provider may have taken.
        now: the time of the decision.
        jitter: a uniform draw from [0, 1).

    Returns:
        The next step: RETRY and WAIT carry a time.
    """
    decision = _foregone(failure, budget=budget, policy=policy, on_unknown=on_unknown)
    if decision is None and failure.outcome == AttemptOutcome.CONFIGURATION:
        wait = max(policy.provider_wait, failure.retry_after or timedelta())
        at = now + wait + policy.provider_wait * (jitter / 4)
        decision = RetryDecision(step=NextStep.WAIT, reason=failure.code, at=at, counted=False)
    if decision is None:
        delay = policy.delay(budget.attempts, jitter=jitter, retry_after=failure.retry_after)
        decision = RetryDecision(step=NextStep.RETRY, reason=failure.code, at=now + delay)
    return _unless_expired(decision, budget)


def _foregone(
    failure: Failure, *, budget: Budget, policy: RetryPolicy, on_unknown: UnknownOutcomePolicy
) -> RetryDecision | None:
    """Return the decision where nothing is to be timed, or None where the mail is tried again."""
    reason: str | None = None
    match failure.outcome:
        case AttemptOutcome.CONFIGURATION:
            return None
        case AttemptOutcome.PERMANENT | AttemptOutcome.RENDERING:
            reason = failure.code
        case AttemptOutcome.LOST if budget.lost_in_a_row >= policy.max_lost:
            reason = DeadLetterReason.WORKER_LOST
        case AttemptOutcome.UNKNOWN | AttemptOutcome.LOST if on_unknown == "hold":
            return RetryDecision(step=NextStep.HOLD, reason=failure.code)
        case _ if budget.attempts >= policy.max_attempts:
            reason = DeadLetterReason.RETRIES_EXHAUSTED
    if reason is None:
        return None
    reached_a_provider = failure.outcome != AttemptOutcome.RENDERING
    return RetryDecision(step=NextStep.DEAD_LETTER, reason=reason, counted=reached_a_provider)


def _unless_expired(decision: RetryDecision, budget: Budget) -> RetryDecision:
    if decision.at is not None and decision.at >= budget.expires_at:
        return RetryDecision(
            step=NextStep.DEAD_LETTER, reason=DeadLetterReason.EXPIRED, counted=decision.counted
        )
    return decision
