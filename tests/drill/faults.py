"""What goes wrong with each message, drawn from a seed: the same seed, the same faults.

Both providers misbehave in their own protocol. Some faults refuse the message with proof that it
was not taken; the others take it and lose their answer, or leave open whether they took it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from tests.support import fake_esp, smtp_sink
from tests.support.fake_esp import HttpFault
from tests.support.smtp_sink import SmtpFault, Stage

FaultT = TypeVar("FaultT")
Maker = Callable[[random.Random], FaultT]

MOST_FAULTS = 3
"""Faults that one message meets at one provider, at most; then that provider takes it."""

HTTP_FAULTS: Sequence[tuple[float, Maker[HttpFault]]] = (
    (4, lambda draw: fake_esp.rate_limited(retry_after=draw.randint(1, 3))),
    (5, lambda _: fake_esp.server_error(500)),
    (4, lambda _: fake_esp.server_error(503)),
    (4, lambda draw: fake_esp.server_error(502, accept=draw.random() < 0.5)),
    (6, lambda draw: fake_esp.slow(draw.uniform(0.2, 1.0))),
    (2, lambda _: fake_esp.silence(accept=True)),
    (2, lambda _: fake_esp.silence(accept=False)),
    (3, lambda _: fake_esp.reset_before_body()),
    (5, lambda draw: fake_esp.reset_after_body(accept=draw.random() < 0.5)),
    (4, lambda _: fake_esp.wrong_json()),
)
SMTP_FAULTS: Sequence[tuple[float, Maker[SmtpFault]]] = (
    (6, lambda _: smtp_sink.refuse("451 4.3.0 Try again later")),
    (3, lambda _: smtp_sink.refuse("421 4.3.2 Shutting down")),
    (3, lambda _: smtp_sink.refuse("452 4.3.1 No room", at=Stage.BODY)),
    (3, lambda _: smtp_sink.disconnect(at=Stage.DATA)),
    (4, lambda draw: smtp_sink.reset(at=Stage.BODY, accept=draw.random() < 0.5)),
    (2, lambda draw: smtp_sink.disconnect(at=Stage.BODY, accept=draw.random() < 0.5)),
    (2, lambda _: smtp_sink.hang(accept=True)),
    (6, lambda draw: smtp_sink.slow(draw.uniform(0.2, 1.0))),
)
USUAL_DELAY = (0.02, 0.15)
"""Seconds that the first provider takes when all is well, as real ones do: else a kill would hardly
ever find a message under way."""

# So many messages meet a fault at the provider at all, and so many of those a further one.
FAULTY = {"first": 0.35, "second": 0.25}
AGAIN = 0.3


@dataclass(frozen=True, kw_only=True)
class MessagePlan:
    """What one message meets at each provider, try by try; after that all goes well at once."""

    first: Sequence[HttpFault] = field(default=())
    second: Sequence[SmtpFault] = field(default=())


def plan_of(seed: int, number: int) -> MessagePlan:
    """Return what the order with this number meets, whatever thread places it when."""
    draw = random.Random(f"{seed}/{number}")
    usual = fake_esp.slow(draw.uniform(*USUAL_DELAY))
    return MessagePlan(
        first=(*_some(HTTP_FAULTS, draw, chance=FAULTY["first"]), usual),
        second=_some(SMTP_FAULTS, draw, chance=FAULTY["second"]),
    )


def _some(
    faults: Sequence[tuple[float, Maker[FaultT]]], draw: random.Random, *, chance: float
) -> tuple[FaultT, ...]:
    found: list[FaultT] = []
    while len(found) < MOST_FAULTS and draw.random() < (AGAIN if found else chance):
        (make,) = draw.choices([one for _, one in faults], [weight for weight, _ in faults])
        found.append(make(draw))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What a provider did to a message that it took.

    Attributes:
        name: in words, for the report.
        loses_answer: the sender cannot have learnt that the message was taken.
    """

    name: str
    loses_answer: bool


def mishap_of(fault: HttpFault | SmtpFault | None, *, patience: timedelta) -> Mishap | None:
    """Return what a fault means for a message that was taken; None: it was taken and said so.

    Args:
        fault: what struck.
        patience: how long the sender waits for an answer.
    """
    if fault is None:
        return None
    name = _http_name(fault) if isinstance(fault, HttpFault) else _smtp_name(fault)
    too_slow = fault.delay >= patience.total_seconds()
    is_answered = isinstance(fault, HttpFault) and fault.action is fake_esp.Action.ANSWER
    is_right = isinstance(fault, HttpFault) and fault.status == 200 and fault.body is None
    waits_only = isinstance(fault, SmtpFault) and fault.action is smtp_sink.Action.WAIT
    return Mishap(
        name=name, loses_answer=too_slow or not ((is_answered and is_right) or waits_only)
    )


def _http_name(fault: HttpFault) -> str:
    match fault.action:
        case fake_esp.Action.HANG:
            return "no answer"
        case fake_esp.Action.RESET_BEFORE_BODY:
            return "reset before the body"
        case fake_esp.Action.RESET_AFTER_BODY:
            return "reset after the body"
    if isinstance(fault.body, str) and fault.status == 200:
        return "wrong JSON"
    if fault.status != 200:
        return str(fault.status)
    return "slow answer"


def _smtp_name(fault: SmtpFault) -> str:
    match fault.action:
        case smtp_sink.Action.HANG:
            return "no answer"
        case smtp_sink.Action.RESET | smtp_sink.Action.DISCONNECT:
            how = "reset" if fault.action is smtp_sink.Action.RESET else "closed"
            return f"{how} {'after the body' if fault.stage is Stage.BODY else 'before the body'}"
        case smtp_sink.Action.REPLY:
            return fault.reply[:3]
    return "slow answer"
