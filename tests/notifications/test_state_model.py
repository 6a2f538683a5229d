"""The life of notifications as a model: no sequence of acts breaks the promise.

Hypothesis lets workers, killers, relay, providers' reports, operators and time act in any order, on
the real database and a real SMTP server. A trigger logs each move of each row, so that what is
checked is what the database saw. After every act:

- each move is one of `TRANSITIONS`, or a report's, and was made by somebody who may make it;
- no row is lost, no ticket and no count of attempts falls, and only waiting rows are claimed;
- a mail that nobody's word or provider's acceptance stands behind never counts as sent;
- a provider accepts a mail twice only if an outcome was unknown or lost in between, or a person
  asked for it.

At the end everything is allowed to settle: nothing may stay open.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Max
from django.test import TestCase
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from access.actors import Actor
from notifications import operations, tracking
from notifications.delivery import deliver
from notifications.journal import Note
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Suppression
from notifications.outbox import NewNotification, enqueue
from notifications.relay import relay
from notifications.states import CLAIMABLE, OPEN, REPORTED, REPORTED_SOURCES, TRANSITIONS, Status
from notifications.tickets import Ticketed
from notifications.tracking import Report
from providers import routing
from templating import contracts
from tests.notifications.conftest import EVENT, TEMPLATES, Greeting, greeting
from tests.notifications.lifecycle import Broker, Clock, Killed, MoveLog, Worker, engine
from tests.support.smtp_sink import SmtpFault, SmtpSink, Stage, disconnect, refuse

HELD = "test.held"  # its policy for an unknown outcome is `hold`
BROKEN = "test.broken"  # its template cannot be rendered
EVENTS = (EVENT, EVENT, EVENT, HELD, HELD, BROKEN)
ACTOR = Actor.system("model")
ACTS = ("retry", "cancel", "redrive", "redrive", "arrived", "missing", "release")
TRY_LATER = refuse("451 4.3.0 Try again later")
ANSWER_LOST = disconnect(at=Stage.BODY, accept=True)
FAULTS: tuple[SmtpFault | None, ...] = (
    None,
    None,
    None,
    TRY_LATER,
    refuse("550 5.1.1 No such user"),
    refuse("530 5.7.0 Authentication required", at=Stage.MAIL),
    disconnect(at=Stage.BODY, accept=False),
    ANSWER_LOST,
)
ANY = st.integers(min_value=0, max_value=11)
"""Which one, of however many there are."""
BY_PERSON = {(Status.FAILED, Status.QUEUED), (Status.SUPPRESSED, Status.QUEUED)} | {
    (Status.UNKNOWN, Status.QUEUED)
}
BY_REPORT = {Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED}
LEGAL = {(before, after) for before, targets in TRANSITIONS.items() for after in targets}
LEGAL_BY_REPORT = LEGAL | {(before, after) for before in REPORTED_SOURCES for after in REPORTED}


class Lifecycle(RuleBasedStateMachine):
    """Everything that can happen to a few notifications."""

    sink: SmtpSink
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.broker, self.moves = Clock(), Broker(), MoveLog()
        self.workers: list[Worker] = []
        self.ids: list[UUID] = []
        self.seen = {"ticket": Counter[UUID](), "attempt_count": Counter[UUID]()}
        self.vouched: set[UUID] = set()  # a person said that it arrived
        self.excused: set[UUID] = set()  # a second acceptance would be no surprise
        self.accepted: Counter[UUID] = Counter()
        self.known_mail = len(self.sink.messages)
        self.last_attempt = 0
        self.by = ""
        self.held: dict[UUID, set[int]] = {}  # the tickets by which a worker acts, if one does
        self.in_doubt: set[Ticketed] = set()  # a worker was killed over these
        routing.reset()
        self.engine = engine(self.patch, clock=self.clock, broker=self.broker)
        self.engine.__enter__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.moves.install()

    # --- what happens ------------------------------------------------------------------------

    @initialize(event=st.sampled_from(EVENTS))
    def begin(self, event: str) -> None:
        """There is something to do."""
        self.order(event, "a")

    # Few of each: what goes wrong needs several to meet on one row.
    @precondition(lambda self: len(self.ids) < 3)
    @rule(event=st.sampled_from(EVENTS), reader=st.sampled_from("ab"))
    def order(self, event: str, reader: str) -> None:
        """Something happens that owes a mail."""
        self.by = "outbox"
        number = len(self.ids)
        new = NewNotification(
            event=event,
            recipient=f"{reader}@example.com",
            locale="en",
            context=greeting(),
            idempotency_key=f"model-{number}",
            source_type="test",
            source_id=str(number),
            reference=f"SO-{number}",
            expires_after=timedelta(hours=1),
        )
        with self.committed():
            self.ids += [row.id for row in enqueue([new])]

    @precondition(lambda self: self.broker.messages)
    @rule(which=ANY, stays=st.booleans(), fault=st.sampled_from(FAULTS))
    def deliver_message(self, which: int, stays: bool, fault: SmtpFault | None) -> None:
        """A worker takes a message, or a copy of it, and goes all the way."""
        self.by = "worker"
        self.script(fault)
        deliver(self.message(which, stays=stays), retries_in_broker=False)

    @precondition(lambda self: self.broker.messages and len(self.workers) < 3)
    @rule(which=ANY, stays=st.booleans())
    def claim(self, which: int, stays: bool) -> None:
        """A worker begins, and is slow about the rest."""
        self.by = "worker"
        worker = Worker.take(self.message(which, stays=stays))
        if worker is not None:
            self.workers.append(worker)

    @precondition(lambda self: self.workers)
    @rule(
        which=ANY,
        fault=st.sampled_from(FAULTS),
        dies_before=st.sampled_from([None, None, None, Note.ACCEPTED, Note.BEGUN]),
        dies_after=st.sampled_from([None, None, None, Note.BEGUN, Note.ACCEPTED]),
    )
    def hand_over(
        self, which: int, fault: SmtpFault | None, dies_before: Note | None, dies_after: Note | None
    ) -> None:
        """A slow worker hands over what it has claimed, and may be killed over it."""
        self.by = "worker"
        worker = self.workers[which % len(self.workers)]
        if worker.is_settled:
            return
        self.script(fault)
        self.held = {row.id: {row.ticket} for row in worker.claimed}
        worker.journal.dies_before, worker.journal.dies_after = dies_before, dies_after
        try:
            worker.settle()
        except Killed:
            self.workers.remove(worker)
            noted = worker.journal.unrecorded()
            doubtful = {Note.BEGUN, Note.DOUBTED}
            self.in_doubt |= {entry.ticketed for entry in noted if entry.note in doubtful}
            worker.die(with_its_journal=False)

    @precondition(lambda self: self.workers)
    @rule(which=ANY)
    def record(self, which: int) -> None:
        """A slow worker records at last, maybe long after its claim has expired."""
        self.by = "worker"
        worker = self.workers[which % len(self.workers)]
        if worker.is_settled:
            self.workers.remove(worker)
            self.held = {row.id: {row.ticket} for row in worker.claimed}
            worker.record()
            for settlement in worker.settlements:
                row = Notification.objects.get(pk=settlement.notification.pk)
                if settlement.to == Status.SENT and row.ticket == settlement.notification.ticket:
                    rejected = row.error_code == "rejected_after_acceptance"
                    assert row.status in REPORTED or rejected, "the provider's word was dropped"

    @precondition(lambda self: self.workers)
    @rule(which=ANY, with_its_journal=st.booleans())
    def kill(self, which: int, with_its_journal: bool) -> None:
        """A slow worker is killed between two steps."""
        self.by = "killer"
        worker = self.workers.pop(which % len(self.workers))
        worker.die(with_its_journal=with_its_journal)

    @rule(
        seconds=st.sampled_from([0, 1, 12, 31, 46, 46, 61, 61, 61, 600, 3700]),
        is_down=st.sampled_from([False, False, False, True]),
    )
    def sweep(self, seconds: int, is_down: bool) -> None:
        """Time passes, and the relay comes."""
        self.by = "relay"
        self.clock.advance(timedelta(seconds=seconds))
        self.broker.is_down = is_down
        relay()
        self.broker.is_down = False

    @rule(seconds=st.sampled_from([1, 12, 26, 46]))
    def wait(self, seconds: int) -> None:
        """Time passes, and the relay does not come."""
        self.by = "time"
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.broker.messages)
    @rule(which=ANY)
    def lose_message(self, which: int) -> None:
        """The broker forgets a message."""
        self.by = "broker"
        self.message(which, stays=False)

    @precondition(lambda self: self.accepted)
    @rule(
        which=ANY,
        kind=st.sampled_from(
            ["accepted", "delivered", "bounced", "rejected", "complained", "opened"]
        ),
        copy=st.integers(min_value=0, max_value=1),
    )
    def report(self, which: int, kind: str, copy: int) -> None:
        """The provider reports about a mail that it has taken, maybe again."""
        self.by = "report"
        identifier = sorted(self.accepted)[which % len(self.accepted)]
        fingerprint = f"{kind}-{copy}-{identifier}"
        tracking.take(
            [
                Report(
                    provider="smtp", kind=kind, fingerprint=fingerprint, notification_id=identifier
                )
            ]
        )

    @precondition(lambda self: self.ids)
    @rule(which=ANY, act=st.sampled_from(ACTS))
    def operate(self, which: int, act: str) -> None:
        """A person acts on a mail."""
        self.by = "person"
        identifier = self.ids[which % len(self.ids)]
        with self.committed():
            match act:
                case "release":
                    acted = []
                    Suppression.objects.all().delete()
                case "arrived" | "missing":
                    acted = operations.resolve(
                        [identifier], arrived=act == "arrived", actor=ACTOR, reason=act
                    )
                case _:
                    acted = getattr(operations, act)([identifier], actor=ACTOR, reason=act)
        if acted and act == "arrived":
            self.vouched.add(identifier)
        if acted and act in {"redrive", "missing"}:
            self.excused.add(identifier)

    # --- what must hold ----------------------------------------------------------------------

    @precondition(lambda self: self.workers)
    @rule(seconds=st.sampled_from([46, 61]))
    def overtake(self, seconds: int) -> None:
        """A slow worker's claims expire, and the relay gives their mail to another one."""
        self.by = "relay"
        for wait in (seconds, 61):
            self.clock.advance(timedelta(seconds=wait))
            relay()
        if self.broker.messages:
            self.moves_are_legal_and_made_by_whom_they_are_for()
            self.claim(len(self.broker.messages) - 1, stays=True)

    @invariant()
    def moves_are_legal_and_made_by_whom_they_are_for(self) -> None:
        """See the module."""
        for move in self.moves.take():
            step = (move.before, move.after)
            what = f"{self.by}: {move}"
            if self.held:
                assert move.ticket_before in self.held.get(move.id, ()), f"not its own: {what}"
            if (move.before, move.after) == (Status.SENDING, Status.QUEUED):
                ticketed = Ticketed(move.id, move.ticket_before)
                assert ticketed not in self.in_doubt, f"may have left: {what}"
            legal = LEGAL_BY_REPORT if self.by == "report" or move.after == Status.SENT else LEGAL
            assert move.before == move.after or step in legal, what
            assert move.ticket_after >= move.ticket_before, what
            assert (move.ticket_after > move.ticket_before) == (
                move.after == Status.SENDING and move.before != move.after
            ), what
            if move.after == Status.SENDING:
                assert move.before in CLAIMABLE, what
            if step in BY_PERSON or move.after == Status.CANCELLED:
                assert self.by == "person", what
            if move.after in BY_REPORT and move.before != move.after:
                assert self.by == "report", what
        self.held = {}

    @invariant()
    def a_second_acceptance_has_an_excuse(self) -> None:
        """Acceptances are what the server really took, by Message-ID."""
        fresh = self.sink.messages[self.known_mail :]
        self.known_mail += len(fresh)
        for mail in fresh:
            identifier = UUID(str(mail.message["Message-ID"]).strip("<>").partition("@")[0])
            assert not self.accepted[identifier] or identifier in self.excused, self.by
            self.accepted[identifier] += 1
            self.excused.discard(identifier)
        doubtful = DeliveryAttempt.objects.filter(pk__gt=self.last_attempt)
        for attempt in doubtful.filter(outcome__in=[AttemptOutcome.UNKNOWN, AttemptOutcome.LOST]):
            self.excused.add(attempt.notification_id)
        self.last_attempt = doubtful.aggregate(last=Max("pk"))["last"] or self.last_attempt

    @invariant()
    def rows_say_what_is_true(self) -> None:
        """Nothing is lost, nothing falls, and nothing counts as sent that is not."""
        rows = list(Notification.objects.all())
        assert {row.id for row in rows} == set(self.ids)
        for row in rows:
            what = f"{self.by}: {row.status} {row.error_code} {row.pk}"
            assert (row.relay_at is not None) or row.status not in OPEN, what
            assert (row.claim_expires_at is not None) == (row.status == Status.SENDING), what
            assert row.finished_at is None or row.status not in {*OPEN, Status.UNKNOWN}, what
            assert row.status != Status.FAILED or row.error_code, what
            if row.status in REPORTED:
                assert self.accepted[row.id] or row.id in self.vouched, what
            for name, highest in self.seen.items():
                assert getattr(row, name) >= highest[row.id], what
                highest[row.id] = getattr(row, name)
            assert row.attempt_count <= row.ticket, what

    def teardown(self) -> None:
        """Let everything settle with a provider that is well, and look whether anything is left."""
        try:
            self.by = "settling"
            self.sink.clear()
            for worker in self.workers:
                worker.die(with_its_journal=False)
            for _ in range(12):
                self.clock.advance(timedelta(seconds=120))
                relay()
                for message in self.broker.messages:
                    deliver(message, retries_in_broker=False)
                self.broker.messages.clear()
                self.moves_are_legal_and_made_by_whom_they_are_for()
                self.a_second_acceptance_has_an_excuse()
                self.rows_say_what_is_true()
                if not Notification.objects.filter(status__in=OPEN).exists():
                    break
            assert not Notification.objects.filter(status__in=OPEN).exists()
            self.clock.advance(timedelta(days=3))
            relay()
            assert not Notification.objects.filter(status=Status.UNKNOWN).exists()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            self.engine.__exit__(None, None, None)

    # --- how ---------------------------------------------------------------------------------

    def committed(self) -> Any:
        """Run what waits for a commit at the block's end, though the model's own never comes."""
        return TestCase.captureOnCommitCallbacks(execute=True)

    def message(self, which: int, *, stays: bool) -> list[Ticketed]:
        """Take a message from the broker, or read it and leave a copy."""
        index = which % len(self.broker.messages)
        taken = self.broker.messages[index] if stays else self.broker.messages.pop(index)
        self.held = {identifier: {ticket, ticket + 1} for identifier, ticket in taken}
        return taken

    def script(self, fault: SmtpFault | None) -> None:
        """Let the next mail meet this fault."""
        self.sink.clear()
        if fault is not None:
            self.sink.queue(fault)


@pytest.fixture
def model_events(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Give each of the model's events its templates."""
    settings.VAR_DIR = tmp_path
    for event, policy in ((HELD, "hold"), (BROKEN, "resend")):
        shop = contracts.Shop(name="Shop", url="https://shop.example.com")
        contracts.register(
            contracts.EventContract(
                event=event,
                title=event,
                description="A mail for the model.",
                context=Greeting,
                samples={"default": Greeting(shop=shop, name="Minji")},
                unknown_outcome=policy,
            )
        )
    for event in (EVENT, HELD, BROKEN):
        folder = tmp_path / "templates" / event / "en"
        folder.mkdir(parents=True)
        for name, text in TEMPLATES.items():
            broken = text.replace("name", "nmae") if event == BROKEN else text
            (folder / name).write_text(broken, encoding="utf-8")
    settings.TEMPLATES_EMAIL_DIRS = [tmp_path / "templates"]
    yield
    for event in (HELD, BROKEN):
        del contracts._contracts[event]  # other tests look at what a real application registers


HANDED_OVER = {"which": 0, "fault": None, "dies_before": None, "dies_after": None}
TAKEN = {"which": 0, "stays": True}
KNOWN_LIVES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "held up until another one had sent it": [
        ("begin", {"event": EVENT}),
        ("claim", TAKEN),
        ("overtake", {"seconds": 61}),
        ("hand_over", {**HANDED_OVER, "which": 1}),
        ("record", {"which": 1}),
        ("hand_over", HANDED_OVER),
    ],
    "recorded when another one held it": [
        ("begin", {"event": EVENT}),
        ("claim", TAKEN),
        ("hand_over", {**HANDED_OVER, "fault": TRY_LATER}),
        ("overtake", {"seconds": 61}),
        ("record", {"which": 0}),
    ],
    "accepted, and recorded when it counted as in doubt": [
        ("begin", {"event": HELD}),
        ("claim", TAKEN),
        ("hand_over", HANDED_OVER),
        ("sweep", {"seconds": 61, "is_down": False}),
        ("record", {"which": 0}),
    ],
    "killed before it could note the acceptance": [
        ("begin", {"event": EVENT}),
        ("claim", TAKEN),
        ("hand_over", {**HANDED_OVER, "dies_before": Note.ACCEPTED}),
        ("sweep", {"seconds": 0, "is_down": False}),
        ("sweep", {"seconds": 61, "is_down": False}),
        ("deliver_message", {**TAKEN, "which": 1, "fault": None}),
    ],
    "killed once it had noted the acceptance": [
        ("begin", {"event": EVENT}),
        ("claim", TAKEN),
        ("hand_over", {**HANDED_OVER, "dies_after": Note.ACCEPTED}),
        ("sweep", {"seconds": 0, "is_down": False}),
        ("deliver_message", {**TAKEN, "fault": None}),
    ],
    "cancelled after an unknown outcome, and delivered": [
        ("begin", {"event": HELD}),
        ("deliver_message", {**TAKEN, "fault": ANSWER_LOST}),
        ("operate", {"which": 0, "act": "cancel"}),
        ("report", {"which": 0, "kind": "delivered", "copy": 0}),
    ],
}


@pytest.mark.django_db
@pytest.mark.parametrize("life", KNOWN_LIVES)
def test_a_life_that_has_gone_wrong_before_does_not_again(
    model_events: None, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch, life: str
) -> None:
    Lifecycle.sink, Lifecycle.patch = sink, monkeypatch
    lived = Lifecycle()
    try:
        for act, how in KNOWN_LIVES[life]:
            getattr(lived, act)(**how)
            lived.moves_are_legal_and_made_by_whom_they_are_for()
            lived.a_second_acceptance_has_an_excuse()
            lived.rows_say_what_is_true()
    finally:
        lived.teardown()


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_no_sequence_of_acts_breaks_the_promise(
    model_events: None, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lifecycle.sink, Lifecycle.patch = sink, monkeypatch
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", "100")),
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate]
            if os.environ.get("NOSHRINK")
            else [Phase.generate, Phase.shrink],
            derandomize=os.environ.get("CI") == "true",
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
