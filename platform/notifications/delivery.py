"""The way of one email, from a published ticket to a recorded outcome.

`deliver()` takes a list (of one, when live):

1. **Permit**: which providers may take mail now? With none, nothing is claimed, no attempt is
   burnt, and the rows wait in the database until one may.
2. **Claim**: one compare-and-set, committed. A message that was doubled or comes late ends here.
3. **Render and compose**; an expired mail or a suppressed address ends here.
4. **Hand over** along the chain of providers; the next one is tried only with proof that the
   last one did not take it, and only while the claim outlives a send.
5. **Decide** what follows a failure (`retries.decide`).
6. **Record** in one short transaction, fenced by the claim's ticket.

No transaction is open while anything is rendered or sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from notifications import claims, retries
from notifications.composition import compose
from notifications.handover import hand_over, outlives_a_send
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from notifications.publishing import PUBLISHED_GRACE, Ticketed
from notifications.recording import record
from notifications.settlements import Settlement, after_failure, ended
from notifications.states import Status
from notifications.suppressions import suppressed
from providers import routing
from templating.errors import RenderingError
from templating.rendering import render

log = structlog.get_logger()

RETRY_IN_BROKER = timedelta(seconds=60)
"""Waits up to here are a Celery countdown; longer ones stay in the database until they are due."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What `deliver` reports of one notification that it claimed."""

    ticketed: Ticketed
    status: Status
    next_attempt_at: datetime | None

    def retry_in_broker(self, *, now: datetime) -> timedelta | None:
        """Return the countdown of a retry that is soon enough to be left to Celery, or None."""
        if self.next_attempt_at is None or self.next_attempt_at - now > RETRY_IN_BROKER:
            return None
        return max(self.next_attempt_at - now, timedelta())


def deliver(tickets: Sequence[Ticketed], *, retries_in_broker: bool) -> list[Delivered]:
    """Attempt the notifications that `tickets` were published for; return what became of them.

    Args:
        tickets: the notifications, each with the ticket that its message carries.
        retries_in_broker: the caller publishes near retries itself; otherwise the relay does.

    Returns:
        One entry per notification that was claimed; those that were not are somebody else's,
        not due, or waiting for a provider.
    """
    now = timezone.now()
    permit = routing.permit(now=now, wanted=len(tickets))
    if permit.granted < len(tickets):
        until = permit.available_at or now + PUBLISHED_GRACE
        claims.postpone(tickets[permit.granted :], until=until)
    claimed = claims.claim(tickets[: permit.granted], now=now) if permit.granted else []
    unwanted = suppressed(row.recipient for row in claimed) if claimed else frozenset()
    delivered = []
    for position, row in enumerate(claimed):
        if not outlives_a_send(row):
            # A batch that met a slow provider: the rest goes back, unharmed, to be shared out anew.
            claims.release(claimed[position:], at=timezone.now())
            break
        settlement = _settle(row, unwanted=row.recipient in unwanted, chain=permit.providers)
        _set_relay(settlement, retries_in_broker=retries_in_broker)
        if not record([settlement]):
            log.warning("recorded_too_late", notification=str(row.id), ticket=row.ticket)
        delivered.append(
            Delivered(
                ticketed=Ticketed(row.id, row.ticket),
                status=settlement.to,
                next_attempt_at=settlement.changes.get("next_attempt_at"),
            )
        )
    return delivered


def _set_relay(settlement: Settlement, *, retries_in_broker: bool) -> None:
    """Say when the relay may publish a retry: when due, or later if the caller publishes it."""
    at: datetime | None = settlement.changes.get("next_attempt_at")
    if at is None:
        return
    by_caller = retries_in_broker and at - settlement.at <= RETRY_IN_BROKER
    settlement.changes["relay_at"] = at + PUBLISHED_GRACE if by_caller else at


def _settle(row: Notification, *, unwanted: bool, chain: Iterable[str]) -> Settlement:
    """Carry one claimed notification to its outcome; write nothing."""
    now = timezone.now()
    if row.expires_at <= now:
        return ended(row, to=Status.FAILED, code=retries.DeadLetterReason.EXPIRED, at=now)
    if unwanted:
        return ended(row, to=Status.SUPPRESSED, code="suppressed", at=now)
    try:
        rendered = render(event=row.event, locale=row.locale, context=row.context)
        message = compose(row, rendered)
    except RenderingError as error:
        return _after_failed_rendering(row, error, started_at=now)
    return hand_over(row, message, rendered, chain=chain)


def _after_failed_rendering(
    row: Notification, error: RenderingError, *, started_at: datetime
) -> Settlement:
    now = timezone.now()
    attempt = DeliveryAttempt(
        notification=row,
        ticket=row.ticket,
        number=row.attempt_count + 1,
        phase=Phase.RENDER,
        outcome=AttemptOutcome.RENDERING,
        error_code=error.code,
        summary=str(error)[:500],
        started_at=started_at,
        duration=now - started_at,
    )
    failure = retries.Failure(outcome=AttemptOutcome.RENDERING, code=error.code)
    return after_failure(row, failure, attempts=[attempt], now=now)
