"""What counts as an explanation for a second copy, and what as a broken promise."""

from dataclasses import replace

import pytest

from tests.drill.accounting import Account, broken_promises, settle_accounts
from tests.drill.faults import Mishap
from tests.drill.records import Arrival, Attempt, Kill, MailRow

LOST_ANSWER = Mishap(name="no answer", loses_answer=True)
SLOW_ANSWER = Mishap(name="slow answer", loses_answer=False)
CHILD = Kill(name="child 1", at=12.0, until=12.0, in_flight=1)
BROKER = Kill(name="broker 1", at=12.0, until=13.0, in_flight=0)


def attempt(outcome: str, ticket: int, **changes: object) -> Attempt:
    """Return an attempt at `postmark` that lasted from second 10 x ticket for 5 seconds."""
    usual = Attempt(
        ticket=ticket,
        provider="postmark",
        outcome=outcome,
        started_at=10.0 * ticket,
        ended_at=10.0 * ticket + 5,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # a test's shorthand


def mail(*attempts: Attempt, status: str = "sent", name: str = "D-1") -> MailRow:
    """Return a row whose Message-ID is its reference in brackets."""
    return MailRow(
        message_id=f"<{name}>", reference=name, status=status, created_at=0.0, attempts=attempts
    )


def arrival(ticket: int, mishap: Mishap | None = None, **changes: object) -> Arrival:
    """Return the arrival of D-1 in the middle of the attempt with this ticket."""
    usual = Arrival(message_id="<D-1>", provider="postmark", at=10.0 * ticket + 2, mishap=mishap)
    return replace(usual, **changes)  # type: ignore[arg-type]  # a test's shorthand


def account(
    row: MailRow, *arrivals: Arrival, kills: tuple[Kill, ...] = (), accepted: str = "D-1"
) -> Account:
    """Settle the accounts of one order."""
    return settle_accounts(accepted=[accepted], rows=[row], arrivals=arrivals, kills=kills)


def promises(found: Account) -> list[str]:
    """Return what an otherwise good drill would complain about."""
    return broken_promises(found, audit_is_clean=True, refused=0)


def test_one_arrival_of_one_order_keeps_every_promise() -> None:
    found = account(mail(attempt("accepted", 1)), arrival(1))
    assert (found.once, found.copies, found.lost) == (1, [], [])
    assert promises(found) == []


EXCUSES = [
    ("unknown", LOST_ANSWER, (), "answer lost: no answer"),
    ("lost", None, (CHILD,), "killed before it was recorded: child 1"),
    ("lost", LOST_ANSWER, (CHILD,), "killed before it was recorded: child 1"),
]


@pytest.mark.parametrize(("outcome", "mishap", "kills", "cause"), EXCUSES)
def test_a_copy_is_excused_by(
    outcome: str, mishap: Mishap | None, kills: tuple[Kill, ...], cause: str
) -> None:
    row = mail(attempt(outcome, 1), attempt("accepted", 2))
    found = account(row, arrival(1, mishap), arrival(2), kills=kills)
    assert [(copy.cause, copy.is_explained) for copy in found.copies] == [(cause, True)]
    assert promises(found) == []


def test_an_answer_that_came_too_late_without_a_fault_excuses_a_copy() -> None:
    row = mail(attempt("unknown", 1, error_code="timeout"), attempt("accepted", 2))
    assert promises(account(row, arrival(1), arrival(2))) == []


NO_EXCUSES = [
    ("unknown", SLOW_ANSWER, (), "answer lost: "),
    ("transient", LOST_ANSWER, (), "attempt recorded as transient after no answer"),
    ("accepted", None, (), "attempt recorded as accepted"),
    ("lost", None, (), "lost without a kill"),
    ("lost", None, (BROKER,), "lost without a kill"),
    ("lost", None, (replace(CHILD, at=90.0, until=90.0),), "lost without a kill"),
]


@pytest.mark.parametrize(("outcome", "mishap", "kills", "cause"), NO_EXCUSES)
def test_a_copy_is_not_excused_by(
    outcome: str, mishap: Mishap | None, kills: tuple[Kill, ...], cause: str
) -> None:
    row = mail(attempt(outcome, 2), attempt("accepted", 1))
    found = account(row, arrival(2, mishap), arrival(1), kills=kills)
    assert [(copy.cause, copy.is_explained) for copy in found.copies] == [(cause, False)]
    assert "1 copies are unexplained: D-1" in promises(found)


def test_two_copies_from_one_attempt_are_never_excused() -> None:
    row = mail(attempt("unknown", 1), attempt("accepted", 2))
    found = account(row, arrival(1, LOST_ANSWER), arrival(1, LOST_ANSWER), arrival(2))
    assert [copy.is_explained for copy in found.copies] == [False, False]


def test_a_copy_without_an_attempt_is_never_excused() -> None:
    found = account(mail(attempt("accepted", 1)), arrival(1), arrival(7))
    assert [copy.cause for copy in found.copies] == ["no attempt on record"]


def test_an_arrival_belongs_to_an_attempt_at_its_provider() -> None:
    row = mail(attempt("unknown", 1, provider="smtp"), attempt("accepted", 2))
    there = arrival(1, LOST_ANSWER, provider="smtp")
    assert promises(account(row, there, arrival(2))) == []
    assert promises(account(row, replace(there, provider="postmark"), arrival(2))) != []


def test_a_claim_that_expired_without_a_word_names_no_provider() -> None:
    row = mail(attempt("lost", 1, provider=""), attempt("accepted", 2))
    assert promises(account(row, arrival(1), arrival(2), kills=(CHILD,))) == []


def test_a_kill_excuses_no_more_than_it_had_in_flight() -> None:
    rows = [mail(attempt("lost", 1), attempt("accepted", 2), name=name) for name in ("D-1", "D-2")]
    arrivals = [arrival(ticket, message_id=row.message_id) for row in rows for ticket in (1, 2)]
    found = settle_accounts(accepted=["D-1", "D-2"], rows=rows, arrivals=arrivals, kills=[CHILD])
    assert sum(copy.is_explained for copy in found.copies) == 1
    assert found.lost_attempts == {"child 1": 1}
    two = replace(CHILD, in_flight=2)
    assert (
        promises(
            settle_accounts(accepted=["D-1", "D-2"], rows=rows, arrivals=arrivals, kills=[two])
        )
        == []
    )


def test_a_retry_a_moment_later_is_another_attempt() -> None:
    row = mail(
        attempt("unknown", 1, started_at=12.265, ended_at=12.280),
        attempt("accepted", 2, started_at=12.474, ended_at=12.476),
    )
    found = account(row, arrival(1, LOST_ANSWER, at=12.281), arrival(2, at=12.476))
    assert [(copy.cause, copy.is_explained) for copy in found.copies] == [
        ("answer lost: no answer", True)
    ]
    twice = account(row, arrival(1, LOST_ANSWER, at=12.270), arrival(1, at=12.282), arrival(2))
    assert not all(copy.is_explained for copy in twice.copies)


def test_kills_are_shared_out_so_that_each_lost_attempt_finds_one() -> None:
    long = attempt("lost", 1, ended_at=40.0)
    short = attempt("lost", 1)
    later = replace(CHILD, name="child 2", at=30.0, until=30.0)
    rows = [mail(long, name="D-1"), mail(short, name="D-2")]
    found = settle_accounts(accepted=[], rows=rows, arrivals=[], kills=[CHILD, later])
    assert found.unexplained_losses == []


BROKEN = [
    (mail(attempt("accepted", 1)), (), "1 mails were lost: D-1"),
    (mail(status="retrying"), (arrival(1),), "1 mails are still open"),
    (mail(status="failed"), (), "1 mails are dead letters"),
    (mail(status="unknown"), (arrival(1),), "1 mails arrived and are not sent: D-1"),
    (
        mail(attempt("accepted", 1)),
        (arrival(1), arrival(1, message_id="<X>")),
        "1 messages are in no row: <X>",
    ),
    (
        mail(attempt("lost", 1), attempt("accepted", 2)),
        (arrival(2),),
        "1 attempts were lost beyond what was in flight: D-1",
    ),
    (
        mail(attempt("unknown", 1, next_step="fail_over"), attempt("accepted", 2)),
        (arrival(2),),
        "1 mails were failed over in doubt: D-1",
    ),
]


@pytest.mark.parametrize(("row", "arrivals", "sentence"), BROKEN)
def test_a_broken_promise_is_said_in_a_sentence(
    row: MailRow, arrivals: tuple[Arrival, ...], sentence: str
) -> None:
    assert sentence in promises(account(row, *arrivals))


def test_a_refused_order_and_a_bad_audit_are_broken_promises() -> None:
    found = account(mail(attempt("accepted", 1)), arrival(1))
    assert broken_promises(found, audit_is_clean=False, refused=2) == [
        "2 orders were not accepted by the API",
        "the audit is not clean",
    ]
