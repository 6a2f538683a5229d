"""Whatever a round meets, each claimed mail is settled or given back, and only once."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from unittest import mock

import pytest
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from notifications import delivery, rounds
from notifications.allowance import Allowance
from notifications.delivery import deliver
from notifications.handover import Ready
from notifications.journal import Journal, journal
from notifications.models import Notification
from notifications.rounds import Round
from notifications.settlements import Settlement
from notifications.states import Status
from notifications.tickets import Ticketed
from providers import idle
from tests.support.smtp_sink import SmtpSink


@dataclass(frozen=True)
class Script:
    """What a round meets.

    Attributes:
        mails: of each claimed mail, whether it can be made (else it ends without an attempt).
        taken_on: the same of those that it may take on.
        threads: what pace says, each time that it is asked; then 1.
        answers: how often a provider lets its caller do something else, for each mail; then once.
        allowed: how many hand-overs may be begun; None: all.
    """

    mails: Sequence[bool]
    taken_on: Sequence[bool] = ()
    threads: Sequence[int] = ()
    answers: Sequence[int] = ()
    allowed: int | None = None


scripts = st.builds(
    Script,
    mails=st.lists(st.booleans(), min_size=1, max_size=9),
    taken_on=st.lists(st.booleans(), max_size=4),
    threads=st.lists(st.integers(1, 3), max_size=12),
    answers=st.lists(st.integers(0, 2), max_size=9),
    allowed=st.none() | st.integers(0, 9),
)


class Provider:
    """Hands over as the script says."""

    def __init__(self, script: Script) -> None:
        self._answers = deque(script.answers)
        self._allowed = script.allowed

    def chain(self) -> tuple[str, ...]:
        if self._allowed is None:
            return ("provider",)
        self._allowed -= 1
        return ("provider",) if self._allowed >= 0 else ()

    def give_back(self) -> None:
        pass

    def hand_over(self, ready: Ready, **_: Any) -> Settlement:
        for _number in range(self._answers.popleft() if self._answers else 1):
            idle.awaiting_answer()
        return settlement_of(ready.notification, to=Status.SENT)


def settlement_of(row: Notification, *, to: Status) -> Settlement:
    return Settlement(notification=row, to=to, at=timezone.now())


def go_through(script: Script) -> tuple[Counter[int], Counter[int]]:
    """Return how often each mail was settled or left, and how often each should have been."""
    made = dict(enumerate([*script.mails, *script.taken_on]))
    rows = {number: Notification() for number in made}
    number_of = {row.pk: number for number, row in rows.items()}
    waiting = deque(range(len(script.mails), len(made)))
    threads, provider = deque(script.threads), Provider(script)
    taken_on: list[int] = []

    def prepare(row: Notification) -> Ready | Settlement:
        if not made[number_of[row.pk]]:
            return settlement_of(row, to=Status.FAILED)
        return Ready(notification=row, message=mock.sentinel.message, rendered=mock.sentinel.mail)

    def more(most: int) -> list[Notification]:
        found = [waiting.popleft() for _ in range(min(most, 1, len(waiting)))]
        taken_on.extend(found)
        return [rows[number] for number in found]

    with (
        mock.patch.multiple(
            rounds,
            live=mock.Mock(),
            prepare=prepare,
            is_ready_made=lambda _row: False,
            outlives_a_send=lambda _row, **_: True,
            hand_over=provider.hand_over,
        ),
        mock.patch.object(
            rounds.pace, "threads", side_effect=lambda **_: threads.popleft() if threads else 1
        ),
    ):
        this = Round(
            [rows[number] for number in range(len(script.mails))],
            allowance=cast("Allowance", provider),
            journal=Journal(),
            more=more,
        )
        found = [settlement.notification for settlement in this.settlements()]
    accounted = Counter(number_of[row.pk] for row in [*found, *this.left])
    return accounted, Counter([*range(len(script.mails)), *taken_on])


@given(scripts)
# Threads are to take over, and the last mail of this thread is not allowed any more: what was made
# ahead meanwhile was once forgotten.
@example(Script(mails=[True] * 4, threads=[1, 1, 2], allowed=1))
def test_each_claimed_mail_is_accounted_for_once(script: Script) -> None:
    accounted, claimed = go_through(script)
    assert accounted == claimed


@pytest.mark.usefixtures("greeting_templates")
def test_what_a_mistake_of_ours_leaves_out_is_given_back_at_once(
    enqueued: Any, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(Round):
        def settlements(self) -> Iterator[Settlement]:  # type: ignore[override]  # a plain one
            self.left.pop()
            yield from super().settlements()

    monkeypatch.setattr(delivery, "Round", Forgetful)
    kept, forgotten = enqueued(), enqueued()
    tickets = [Ticketed(row.id, row.ticket) for row in (kept, forgotten)]
    with capture_logs() as lines:
        report = deliver(tickets, retries_in_broker=False)
    assert [one.ticketed.id for one in report.delivered] == [kept.id]
    forgotten.refresh_from_db()
    assert (forgotten.status, forgotten.attempt_count) == (Status.QUEUED, 0)
    assert forgotten.claim_expires_at is None
    assert journal.unrecorded() == []
    assert {"event": "claims_left_out", "log_level": "error"}.items() <= lines[0].items()
