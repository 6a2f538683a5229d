"""Compares what the providers took with what the database says, and explains every second copy.

Pure: from records to an `Account`. A second copy is explained only by an attempt that is on record
as of unknown outcome, or as lost together with a worker that was killed while it held the claim;
each kill explains at most as many as its processes had under way. All else breaks a promise.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.drill.records import OPEN, Arrival, Attempt, Kill, MailRow

IN_DOUBT = frozenset({"unknown", "lost"})
CLOCK = 0.25
"""Seconds by which the notes of two processes about one moment may differ."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy too many of one mail, and why it came; without a cause it is unexplained."""

    reference: str
    provider: str
    at: float
    cause: str
    is_explained: bool


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything that the drill promises to count.

    Attributes:
        accepted: orders that the API answered with 201.
        statuses: how many notifications ended in which state.
        once: mails that arrived exactly once.
        copies: each further arrival of a mail.
        lost: references of accepted orders whose mail never arrived.
        unsent: references of mails that arrived and are not on record as sent.
        strangers: Message-IDs that arrived and are in no row.
        lost_attempts: attempts without a word from their worker, by the kill that explains them.
        unexplained_losses: references of lost attempts that no kill explains.
        rash_failovers: references of mails that were given to another provider in doubt.
        longest_wait: seconds from the order to the first arrival of its mail.
    """

    accepted: int
    statuses: Mapping[str, int]
    once: int
    copies: Sequence[Copy]
    lost: Sequence[str]
    unsent: Sequence[str]
    strangers: Sequence[str]
    lost_attempts: Mapping[str, int]
    unexplained_losses: Sequence[str]
    rash_failovers: Sequence[str]
    longest_wait: float
    retries: int
    failovers: int

    @property
    def open(self) -> int:
        """How many mails are not finished."""
        return sum(self.statuses.get(status, 0) for status in OPEN)


def settle_accounts(
    *,
    accepted: Collection[str],
    rows: Sequence[MailRow],
    arrivals: Iterable[Arrival],
    kills: Sequence[Kill],
) -> Account:
    """Return the account of one drill.

    Args:
        accepted: references of the orders that the API accepted.
        rows: every notification.
        arrivals: every message that any provider took.
        kills: every kill.
    """
    by_mail, strangers = _by_mail(rows, arrivals)
    blamed, blameless = blame(rows, kills)
    arrived = {row.reference for row in rows if by_mail[row.message_id]}
    steps = Counter(attempt.next_step for row in rows for attempt in row.attempts)
    waits = [
        by_mail[row.message_id][0].at - row.created_at for row in rows if row.reference in arrived
    ]
    return Account(
        accepted=len(accepted),
        statuses=Counter(row.status for row in rows),
        once=sum(len(found) == 1 for found in by_mail.values()),
        copies=[copy for row in rows for copy in _copies(row, by_mail[row.message_id], blamed)],
        lost=sorted(set(accepted) - arrived),
        unsent=[
            row.reference
            for row in rows
            if row.reference in arrived and row.status not in {*OPEN, "sent"}
        ],
        strangers=strangers,
        lost_attempts=Counter(kill.name for kill in blamed.values()),
        unexplained_losses=blameless,
        rash_failovers=[row.reference for row in rows if any(map(_is_rash, row.attempts))],
        longest_wait=max(waits, default=0.0),
        retries=steps["retry"],
        failovers=steps["fail_over"],
    )


def _by_mail(
    rows: Sequence[MailRow], arrivals: Iterable[Arrival]
) -> tuple[dict[str, list[Arrival]], list[str]]:
    """Return the arrivals of each mail in their order, and the Message-IDs of no mail."""
    found: dict[str, list[Arrival]] = {row.message_id: [] for row in rows}
    strangers = []
    for arrival in sorted(arrivals, key=lambda one: one.at):
        if arrival.message_id in found:
            found[arrival.message_id].append(arrival)
        else:
            strangers.append(arrival.message_id)
    return found, strangers


def _is_rash(attempt: Attempt) -> bool:
    """Say whether a mail that a provider may have taken was given to another one."""
    return attempt.outcome in IN_DOUBT and attempt.next_step == "fail_over"


Blame = Mapping[tuple[str, int], Kill]
"""The kill that cost an attempt, by Message-ID and ticket."""


def blame(rows: Sequence[MailRow], kills: Sequence[Kill]) -> tuple[Blame, list[str]]:
    """Find for each lost attempt a kill during its claim that may have cost it.

    Each kill can have cost as many as its processes had under way. The attempts that were over
    first choose first, which finds a kill for as many as can be.

    Returns:
        The kills, and the references of the attempts that none is left for.
    """
    lost = [(row, one) for row in rows for one in row.attempts if one.outcome == "lost"]
    room = {id(kill): kill.in_flight for kill in kills}
    found: dict[tuple[str, int], Kill] = {}
    blameless = []
    for row, attempt in sorted(lost, key=lambda pair: pair[1].ended_at):
        candidates = [
            kill
            for kill in sorted(kills, key=lambda one: one.at)
            if room[id(kill)] and _overlap(kill, attempt)
        ]
        if candidates:
            room[id(candidates[0])] -= 1
            found[row.message_id, attempt.ticket] = candidates[0]
        else:
            blameless.append(row.reference)
    return found, blameless


def _overlap(kill: Kill, attempt: Attempt) -> bool:
    return kill.until >= attempt.started_at - CLOCK and kill.at <= attempt.ended_at + CLOCK


def _copies(row: MailRow, arrivals: Sequence[Arrival], blamed: Blame) -> list[Copy]:
    """Return each arrival but the one that was meant to be the only one, with its cause."""
    if len(arrivals) < 2:
        return []
    matched = [(arrival, attempt_of(arrival, row.attempts)) for arrival in arrivals]
    meant = next(
        (n for n, (_, attempt) in enumerate(matched) if attempt and attempt.outcome == "accepted"),
        len(matched) - 1,
    )
    seen = Counter(id(attempt) for _, attempt in matched if attempt)
    copies = []
    for position, (arrival, attempt) in enumerate(matched):
        if position == meant:
            continue
        if attempt and seen[id(attempt)] > 1:
            cause, is_explained = "handed over more than once in one attempt", False
        else:
            cause, is_explained = _cause(row, arrival, attempt, blamed)
        copies.append(
            Copy(
                reference=row.reference,
                provider=arrival.provider,
                at=arrival.at,
                cause=cause,
                is_explained=is_explained,
            )
        )
    return copies


def attempt_of(arrival: Arrival, attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the attempt during which a message arrived: one mail's attempts never overlap.

    The nearest, where clocks leave a choice: a retry may begin a moment after a failure.
    """

    def distance(one: Attempt) -> float:
        return max(one.started_at - arrival.at, arrival.at - one.ended_at, 0.0)

    during = [
        one for one in attempts if one.provider in {arrival.provider, ""} and distance(one) <= CLOCK
    ]
    return min(during, key=lambda one: (distance(one), -one.started_at), default=None)


def _cause(
    row: MailRow, arrival: Arrival, attempt: Attempt | None, blamed: Blame
) -> tuple[str, bool]:
    """Say why a copy came, and whether that excuses it."""
    if attempt is None:
        return "no attempt on record", False
    mishap = arrival.mishap
    if attempt.outcome == "unknown":
        if mishap and mishap.loses_answer:
            return f"answer lost: {mishap.name}", True
        # Nothing was scripted, and yet no answer came in time: on record as unknown all the same.
        return f"answer lost: {attempt.error_code}", attempt.error_code == "timeout"
    if attempt.outcome == "lost":
        kill = blamed.get((row.message_id, attempt.ticket))
        if kill:
            return f"killed before it was recorded: {kill.name}", True
        return "lost without a kill", False
    after = f" after {mishap.name}" if mishap else ""
    return f"attempt recorded as {attempt.outcome}{after}", False


def broken_promises(account: Account, *, audit_is_clean: bool, refused: int) -> list[str]:
    """Return a sentence for each thing that must not be; empty: the drill is passed.

    Args:
        account: what was counted.
        audit_is_clean: what `manage.py audit` said.
        refused: orders that the API did not answer with 201.
    """
    unexplained = [copy for copy in account.copies if not copy.is_explained]
    found = [
        (refused, "orders were not accepted by the API"),
        (len(account.lost), f"mails were lost: {_named(account.lost)}"),
        (account.open, "mails are still open"),
        (account.statuses.get("failed", 0), "mails are dead letters"),
        (len(account.unsent), f"mails arrived and are not sent: {_named(account.unsent)}"),
        (len(account.strangers), f"messages are in no row: {_named(account.strangers)}"),
        (
            len(unexplained),
            f"copies are unexplained: {_named([copy.reference for copy in unexplained])}",
        ),
        (
            len(account.unexplained_losses),
            f"attempts were lost beyond what was in flight: {_named(account.unexplained_losses)}",
        ),
        (
            len(account.rash_failovers),
            f"mails were failed over in doubt: {_named(account.rash_failovers)}",
        ),
    ]
    sentences = [f"{count} {words}" for count, words in found if count]
    if not audit_is_clean:
        sentences.append("the audit is not clean")
    return sentences


def _named(references: Sequence[str]) -> str:
    shown = ", ".join(references[:10])
    return f"{shown} …" if len(references) > 10 else shown
