"""What became of a claim, as a value: built here, written down by `recording`."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from access.made_rows import made
from notifications import retries
from notifications.models import AttemptOutcome, DeliveryAttempt, NextStep, Notification, Phase
from notifications.states import Status
from providers.sending import Accepted
from templating import contracts
from templating.rendering import Rendered

STATUS_AFTER: dict[NextStep, Status] = {
    NextStep.RETRY: Status.RETRYING,
    NextStep.WAIT: Status.RETRYING,
    NextStep.HOLD: Status.UNKNOWN,
    NextStep.DEAD_LETTER: Status.FAILED,
}


_DOUBT_FIELDS = ("provider", "error_code", "summary", "detail", "status_code")


@dataclass(kw_only=True)
class Settlement:
    """What became of one claim.

    Attributes:
        notification: the row as it was claimed.
        to: the state that it goes to.
        attempts: a try per provider, in order, not yet saved.
        changes: further columns of the notification.
        at: when it was settled.
        held_in: the states in which the row must still be for the settlement to count.
    """

    notification: Notification
    to: Status
    at: datetime
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    held_in: frozenset[Status] = frozenset({Status.SENDING})


def ended(row: Notification, *, to: Status, code: str, at: datetime) -> Settlement:
    """Return the settlement of a mail that ends without a try: expired, or not to be mailed."""
    changes = {"error_kind": code, "error_code": code, "error_summary": ""}
    return Settlement(notification=row, to=to, at=at, changes=changes)


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A provider's acceptance and what the accepted mail was made of; kept in the journal."""

    provider: str
    provider_message_id: str
    status_code: int | None
    started_at: datetime
    duration: timedelta
    subject: str
    template_version: str
    content_hash: str

    @classmethod
    def of(cls, accepted: Accepted, rendered: Rendered, *, started_at: datetime) -> Self:
        """Return the acceptance of `rendered`, whose hand-over began at `started_at`."""
        return cls(
            provider=accepted.provider,
            provider_message_id=accepted.provider_message_id[:255],
            status_code=accepted.status_code,
            started_at=started_at,
            duration=accepted.duration,
            **made_of(rendered),
        )

    def as_json(self) -> dict[str, Any]:
        """Return JSON-ready values from which `from_json` makes the same acceptance."""
        # Its own values as they are: `asdict` would copy each of them.
        return vars(self) | {
            "started_at": self.started_at.isoformat(),
            "duration": self.duration.total_seconds(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `as_json` was made from."""
        return cls(
            **{
                **values,
                "started_at": datetime.fromisoformat(values["started_at"]),
                "duration": timedelta(seconds=values["duration"]),
            }
        )

    def attempt(self, row: Notification) -> DeliveryAttempt:
        """Return the attempt that ended in this acceptance."""
        return made(
            DeliveryAttempt,
            notification=row,
            ticket=row.ticket,
            number=row.attempt_count + 1,
            provider=self.provider,
            phase=Phase.RESPONSE,
            outcome=AttemptOutcome.ACCEPTED,
            status_code=self.status_code,
            provider_message_id=self.provider_message_id,
            started_at=self.started_at,
            duration=self.duration,
            next_step=NextStep.DONE,
        )


def doubt_as_json(attempt: DeliveryAttempt) -> dict[str, Any]:
    """Return JSON-ready values from which `doubt_from_json` makes the same attempt."""
    return {name: getattr(attempt, name) for name in _DOUBT_FIELDS} | {
        "phase": str(attempt.phase),
        "started_at": attempt.started_at.isoformat(),
        "duration": attempt.duration.total_seconds(),
    }


def doubt_from_json(row: Notification, values: Mapping[str, Any]) -> DeliveryAttempt:
    """Return the attempt at `row`, of unknown outcome, that `doubt_as_json` was given."""
    return DeliveryAttempt(
        notification=row,
        ticket=row.ticket,
        number=row.attempt_count + 1,
        outcome=AttemptOutcome.UNKNOWN,
        **{
            **values,
            "started_at": datetime.fromisoformat(values["started_at"]),
            "duration": timedelta(seconds=values["duration"]),
        },
    )


def after_acceptance(
    row: Notification, acceptance: Acceptance, *, attempts: list[DeliveryAttempt]
) -> Settlement:
    """Return the settlement of a mail that a provider has taken."""
    accepted_at = acceptance.started_at + acceptance.duration
    return Settlement(
        notification=row,
        to=Status.SENT,
        at=accepted_at,
        attempts=attempts,
        changes={
            "provider": acceptance.provider,
            "provider_message_id": acceptance.provider_message_id,
            "subject": acceptance.subject,
            "template_version": acceptance.template_version,
            "content_hash": acceptance.content_hash,
            "attempt_count": row.attempt_count + 1,
            "lost_count": 0,
            "doubted_ticket": None,
            "sent_at": accepted_at,
            "error_kind": "",
            "error_code": "",
            "error_summary": "",
        },
    )


def after_failure(
    row: Notification,
    failure: retries.Failure,
    *,
    attempts: list[DeliveryAttempt],
    now: datetime,
) -> Settlement:
    """Decide what follows and return it as a settlement; the last attempt carries the decision."""
    lost = failure.outcome == AttemptOutcome.LOST
    lost_count = row.lost_count + 1 if lost else 0
    in_doubt = failure.outcome in {AttemptOutcome.UNKNOWN, AttemptOutcome.LOST}
    decision = retries.decide(
        failure,
        budget=retries.Budget(
            attempts=row.attempts_in_budget + 1,
            lost_in_a_row=lost_count,
            expires_at=row.expires_at,
        ),
        policy=retries.RetryPolicy.from_settings(),
        on_unknown=_on_unknown(row.event),
        now=now,
        jitter=random.random(),  # noqa: S311  spreads load; nobody gains by guessing it
    )
    last = attempts[-1]
    last.next_step, last.next_reason, last.next_attempt_at = (
        decision.step,
        decision.reason,
        decision.at,
    )
    changes = {
        "error_kind": failure.outcome,
        "error_code": decision.reason,
        "error_summary": last.summary,
        "attempt_count": row.attempt_count + decision.counted,
        "lost_count": lost_count,
        "doubted_ticket": row.handover_ticket if in_doubt else None,
        "provider": last.provider,
    }
    if decision.at is not None:
        changes["next_attempt_at"] = decision.at
    return Settlement(
        notification=row,
        to=STATUS_AFTER[decision.step],
        at=now,
        attempts=attempts,
        changes=changes,
    )


def _on_unknown(event: str) -> retries.UnknownOutcomePolicy:
    """Return the event's policy; mail of an event that was taken out of the code is resent."""
    contract = contracts.find(event)
    return "resend" if contract is None else contract.unknown_outcome


def made_of(rendered: Rendered) -> dict[str, str]:
    """Return the columns that say what the mail was made of."""
    return {
        "subject": rendered.subject[:1000],
        "template_version": rendered.version,
        "content_hash": rendered.fingerprint,
    }
