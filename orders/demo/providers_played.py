"""What the demo's providers answer: the words that real ones have for each fate."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from notifications.models import AttemptOutcome, Phase
from providers.errors import Phase as SendPhase
from providers.errors import TransientError


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an attempt ended."""

    outcome: AttemptOutcome
    phase: Phase
    code: str
    summary: str
    detail: str = ""
    status_code: int | None = None


ACCEPTED = Answer(
    outcome=AttemptOutcome.ACCEPTED, phase=Phase.RESPONSE, code="", summary="", status_code=250
)
PUT_OFF = Answer(
    outcome=AttemptOutcome.TRANSIENT,
    phase=Phase.HANDOVER,
    code="smtp_451",
    summary="The recipient's server asks to try again later.",
    detail="451 4.7.1 Greylisted, please try again in 300 seconds",
    status_code=451,
)
DOWN = Answer(
    outcome=AttemptOutcome.TRANSIENT,
    phase=Phase.RESPONSE,
    code="unavailable",
    summary="The provider is unavailable at the moment.",
    detail="503 Service Unavailable",
    status_code=503,
)
REFUSED = Answer(
    outcome=AttemptOutcome.PERMANENT,
    phase=Phase.HANDOVER,
    code="invalid_recipient",
    summary="The recipient's mailbox does not exist.",
    detail="550 5.1.1 The email account that you tried to reach does not exist",
    status_code=550,
)
BROKEN = Answer(
    outcome=AttemptOutcome.RENDERING,
    phase=Phase.RENDER,
    code="undefined",
    summary="body.html.jinja, line 5: `order.numbr` is not known; did you mean `order.number`?",
)
SILENT = Answer(
    outcome=AttemptOutcome.UNKNOWN,
    phase=Phase.RESPONSE,
    code="timeout",
    summary="The provider did not answer within 20 s; it may have taken the mail.",
)


def took(random: Random, answer: Answer) -> timedelta:
    """Return how long such an answer takes."""
    if answer is SILENT:
        return timedelta(seconds=20)
    if answer is BROKEN:
        return timedelta(milliseconds=random.randrange(2, 9))
    return timedelta(milliseconds=min(60 * random.lognormvariate(1.0, 0.6), 9_000))


def outage_error(provider: str) -> TransientError:
    """Return the error that opens a breaker during an outage."""
    return TransientError(
        provider=provider,
        phase=SendPhase.RESPONSE,
        code=DOWN.code,
        summary=DOWN.summary,
        status_code=DOWN.status_code,
    )
