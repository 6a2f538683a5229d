"""Hands one message to the chain of providers, and says what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from access import tracing
from notifications import retries
from notifications.journal import Journal, Note
from notifications.models import AttemptOutcome, DeliveryAttempt, NextStep, Notification, Phase
from notifications.settlements import (
    Acceptance,
    Settlement,
    after_acceptance,
    after_failure,
    doubt_as_json,
    made_of,
)
from notifications.tickets import Ticketed
from providers import errors, routing
from providers.sending import Accepted, send
from templating.rendering import Rendered

TIME_TO_RECORD = timedelta(seconds=5)
"""What a busy database may take; less where claims are so short that it would take most of them."""

OUTCOMES: dict[type[errors.ProviderError], AttemptOutcome] = {
    errors.TransientError: AttemptOutcome.TRANSIENT,
    errors.PermanentError: AttemptOutcome.PERMANENT,
    errors.ConfigurationError: AttemptOutcome.CONFIGURATION,
    errors.UnknownOutcome: AttemptOutcome.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A claimed notification and the mail that was made of it."""

    notification: Notification
    message: EmailMultiAlternatives
    rendered: Rendered


def hand_over(
    ready: Ready,
    *,
    chain: Sequence[str],
    journal: Journal,
    at: datetime,
    following: Ready | None = None,
) -> Settlement:
    """Offer one claimed notification to the providers of `chain`, in order; write nothing.

    `at` is now, when the first attempt begins. `following` is what this thread will hand over next,
    where it knows. The next provider is tried only with proof that the last one did not take the
    message (`may_fail_over`), and only while the claim outlives a send.
    """
    attempts: list[DeliveryAttempt] = []
    failures: list[retries.Failure] = []
    row, message, rendered = ready.notification, ready.message, ready.rendered
    ticketed = Ticketed(row.id, row.ticket)
    for alias in chain:
        if failures and not (
            outlives_a_send(row, now=timezone.now(), needed=time_needed())
            and routing.may_take_over(alias)
        ):
            continue
        if attempts:
            attempts[-1].next_step = NextStep.FAIL_OVER
            attempts[-1].next_reason = alias
        started_at = timezone.now() if attempts else at
        journal.note(Note.BEGUN, ticketed, provider=alias)
        try:
            accepted = _send(
                row,
                alias,
                message,
                idempotency_key=f"{row.id}-{row.handover_ticket}",
                # A hint for the first choice: elsewhere this mail is the exception.
                following=following.message if following and alias == chain[0] else None,
            )
        except errors.ProviderError as error:
            attempts.append(_failed_attempt(row, alias, error, started_at=started_at))
            if isinstance(error, errors.UnknownOutcome):
                # Else a kill before the batch is recorded would make it one more that was lost.
                journal.note(Note.DOUBTED, ticketed, attempt=doubt_as_json(attempts[-1]))
            else:
                journal.note(Note.REFUSED, ticketed)
            who = routing.recipient_hash(row.recipient)
            routing.note_failure(alias, error, recipient_hash=who)
            failures.append(_failure(error))
            if not may_fail_over(error):
                break
        else:
            acceptance = Acceptance.of(accepted, rendered, started_at=started_at)
            journal.note(Note.ACCEPTED, ticketed, acceptance=acceptance.as_json())
            routing.note_success(alias)
            attempts.append(acceptance.attempt(row))
            return after_acceptance(row, acceptance, attempts=attempts)
    now = timezone.now()
    settlement = after_failure(row, retries.deciding(failures), attempts=attempts, now=now)
    settlement.changes |= made_of(rendered)
    return settlement


def _send(row: Notification, alias: str, *arguments: Any, **options: Any) -> Accepted:
    """Send, in a span that continues the trace of the request that caused the mail."""
    with tracing.span(
        "provider.send",
        kind="CLIENT",
        parent=row.traceparent,
        provider=alias,
        notification=row.id,
        event=row.event,
        ticket=row.ticket,
    ) as span:
        try:
            return send(alias, *arguments, **options)
        except errors.ProviderError as error:
            span.fail(error.code)
            raise


def time_needed() -> timedelta:
    """Return what must be left of a claim for a send and its recording."""
    return _needed(settings.CLAIM_DURATION, settings.EMAIL_SEND_TIMEOUT)


def outlives_a_send(row: Notification, *, now: datetime, needed: timedelta) -> bool:
    """Return whether the claim lasts longer than a provider may take to answer, and its recording.

    Without this check a worker that was held up could hand over a mail that the relay has given
    to somebody else meanwhile. With no time left to record, it would be given away together with
    those that were accepted before it and wait to be recorded in its group. `needed` is
    `time_needed()`, which is the same for all of a batch.
    """
    return row.claim_expires_at is not None and row.claim_expires_at - now > needed


@lru_cache(maxsize=4)
def _needed(claim: timedelta, timeout: timedelta) -> timedelta:
    return timeout + min((claim - timeout) / 4, TIME_TO_RECORD)


def may_fail_over(error: errors.ProviderError) -> bool:
    """Return whether another provider may be handed the message that this one failed to take.

    A message that was refused for what it is would be refused again; one that may have been
    accepted must never leave twice.
    """
    right_kind = isinstance(error, errors.TransientError | errors.ConfigurationError)
    return right_kind and error.can_fail_over


def _failure(error: errors.ProviderError) -> retries.Failure:
    outcome = next(found for kind, found in OUTCOMES.items() if isinstance(error, kind))
    return retries.Failure(outcome=outcome, code=error.code, retry_after=error.retry_after)


def _failed_attempt(
    row: Notification, alias: str, error: errors.ProviderError, *, started_at: datetime
) -> DeliveryAttempt:
    return DeliveryAttempt(
        notification=row,
        ticket=row.ticket,
        number=row.attempt_count + 1,
        provider=alias,
        phase=Phase(error.phase),
        outcome=_failure(error).outcome,
        error_code=error.code,
        summary=error.summary[:500],
        detail=error.detail,
        status_code=error.status_code,
        started_at=started_at,
        duration=timezone.now() - started_at,
    )
