"""A batch that several threads send: as fast as that, and with every promise kept."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import OperationalError
from django.db import connections as databases
from django.utils import timezone

from notifications import ahead as ahead_of_time
from notifications import claims, delivery, recovery, rounds
from notifications.ahead import QUICK, Ahead
from notifications.allowance import Allowance
from notifications.delivery import TAKES_ON_FOR, deliver, deliver_together
from notifications.journal import Journal, Note, folder, journal
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Suppression
from notifications.pace import FEW, SAMPLES, SURELY, WORTH_A_THREAD, pace
from notifications.publishing import PUBLISHED_GRACE
from notifications.recovery import replay_journals
from notifications.settlements import Settlement
from notifications.states import Status
from notifications.tickets import Ticketed
from providers import routing
from templating import live
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp
from tests.support.smtp_sink import SmtpSink, disconnect, hang, refuse, slow
from tests.support.smtp_sink import Stage as SmtpStage
from tests.support.valkey import ValkeyServer
from tests.support.waiting import eventually

Enqueued = Callable[..., Notification]

pytestmark = pytest.mark.usefixtures("greeting_templates")


@pytest.fixture
def slow_provider() -> None:
    """Have this process know that its provider takes its time."""
    pace.always_waited(0.1)


@pytest.fixture
def esp(use_providers: Callable[..., None]) -> Iterator[FakeEsp]:
    with FakeEsp() as server:
        use_providers(
            EMAIL_PROVIDERS="postmark",
            POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN,
            POSTMARK_API_URL=f"{server.url}/",
        )
        yield server


def tickets_of(rows: list[Notification]) -> list[Ticketed]:
    return [Ticketed(row.id, row.ticket) for row in rows]


def send_all(rows: list[Notification]) -> None:
    deliver(tickets_of(rows), retries_in_broker=False)


def statuses() -> Counter[str]:
    return Counter(Notification.objects.values_list("status", flat=True))


def test_a_slow_provider_is_waited_for_in_several_threads(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    sink.always(slow(0.05))
    send_all([enqueued() for _ in range(40)])
    assert statuses() == {Status.SENT: 40}
    assert len({mail.recipients for mail in sink.messages}) == len(sink.messages) == 40
    assert sink.connections > 5


def test_a_quick_provider_is_served_by_one_thread(enqueued: Enqueued, sink: SmtpSink) -> None:
    send_all([enqueued()])
    pace.reset()
    assert pace.threads(mails=100) == 1
    pace.waited(WORTH_A_THREAD * 2)  # one slow answer is no slow provider
    assert pace.threads(mails=100) == 1


def test_few_hand_overs_count_as_slow_only_where_no_busy_machine_makes_them_so() -> None:
    pace.reset()
    for _ in range(SAMPLES - 1):
        pace.waited(WORTH_A_THREAD * 2)
    assert pace.threads(mails=100) == 1
    pace.waited(WORTH_A_THREAD * 2)
    assert pace.threads(mails=100) > 1
    pace.reset()
    for _ in range(FEW):
        pace.waited(SURELY)
    assert pace.threads(mails=100) > 1


def test_there_are_no_more_threads_than_mails_or_than_the_setting_says(settings: Any) -> None:
    pace.always_waited(0.2)
    assert pace.threads(mails=3) == 3
    assert pace.threads(mails=500) == settings.SENDING_THREADS
    settings.SENDING_THREADS = 1
    assert pace.threads(mails=500) == 1


@pytest.mark.usefixtures("slow_provider")
def test_http_is_sent_over_one_session_a_thread(enqueued: Enqueued, esp: FakeEsp) -> None:
    send_all([enqueued() for _ in range(30)])
    assert statuses() == {Status.SENT: 30}
    assert len(esp.messages) == 30


@pytest.mark.usefixtures("slow_provider")
def test_no_sending_thread_opens_a_database_connection(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[tuple[bool, bool]] = set()
    really = rounds.hand_over

    def hand_over(*args: Any, **keywords: Any) -> Any:
        settlement = really(*args, **keywords)
        main = threading.current_thread() is threading.main_thread()
        seen.add((main, databases["default"].connection is not None))
        return settlement

    monkeypatch.setattr(rounds, "hand_over", hand_over)
    send_all([enqueued() for _ in range(20)])
    assert seen == {(False, False)}


@pytest.mark.usefixtures("slow_provider")
def test_each_mail_of_a_threaded_batch_has_its_own_outcome(
    enqueued: Enqueued, sink: SmtpSink, settings: Any
) -> None:
    settings.EMAIL_SEND_TIMEOUT = settings.CLAIM_DURATION / 60
    rows = [enqueued() for _ in range(24)]
    sink.queue(refuse("550 5.1.1 No such user"), to=rows[3].recipient)
    sink.queue(refuse("451 4.3.0 Later"), to=rows[7].recipient)
    sink.queue(hang(accept=True), to=rows[11].recipient)
    sink.queue(disconnect(at=SmtpStage.BODY), to=rows[15].recipient)
    send_all(rows)
    outcomes = dict(DeliveryAttempt.objects.values_list("notification", "outcome"))
    assert outcomes.pop(rows[3].id) == AttemptOutcome.PERMANENT
    assert outcomes.pop(rows[7].id) == AttemptOutcome.TRANSIENT
    assert outcomes.pop(rows[11].id) == AttemptOutcome.UNKNOWN
    assert outcomes.pop(rows[15].id) == AttemptOutcome.UNKNOWN
    assert set(outcomes.values()) == {AttemptOutcome.ACCEPTED}
    assert statuses() == {Status.SENT: 20, Status.FAILED: 1, Status.RETRYING: 3}


@pytest.mark.usefixtures("slow_provider")
def test_what_is_left_when_the_last_breaker_opens_goes_back_unharmed(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    sink.stop()
    send_all([enqueued() for _ in range(60)])
    found = statuses()
    assert found[Status.QUEUED] + found[Status.RETRYING] == 60
    assert found[Status.QUEUED] > 0
    assert set(Notification.objects.filter(status=Status.QUEUED).values_list("attempt_count")) == {
        (0,)
    }
    assert not Notification.objects.filter(claim_expires_at__isnull=False).exists()


@pytest.mark.usefixtures("slow_provider")
def test_a_mistake_of_ours_in_one_thread_costs_no_other_mail_anything(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(30)]
    really = rounds.hand_over

    def hand_over(ready: Any, **keywords: Any) -> Any:
        if ready.notification.id == rows[4].id:
            raise RuntimeError("a mistake")
        return really(ready, **keywords)

    monkeypatch.setattr(rounds, "hand_over", hand_over)
    with pytest.raises(RuntimeError, match="a mistake"):
        send_all(rows)
    arrived = {mail.recipients[0] for mail in sink.messages}
    for row in Notification.objects.all():
        assert row.status == (Status.SENT if row.recipient in arrived else Status.QUEUED)
    assert len(arrived) == len(sink.messages)
    assert journal.unrecorded() == []


@pytest.mark.django_db
def test_the_notes_of_several_threads_are_one_journal(enqueued: Enqueued) -> None:
    from notifications.claims import claim

    rows = claim(tickets_of([enqueued() for _ in range(12)]), now=timezone.now())
    own = Journal()
    own.claimed(tickets_of(rows))
    threads = [
        threading.Thread(
            target=own.note,
            args=(Note.BEGUN, Ticketed(row.id, row.ticket)),
            kwargs={"provider": "p"},
        )
        for row in rows[:5]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(folder().glob("*.journal"))) >= 1
    own.close()  # as its process's death does
    replay_journals()
    lost = DeliveryAttempt.objects.filter(outcome=AttemptOutcome.LOST)
    assert {attempt.notification_id for attempt in lost} == {row.id for row in rows[:5]}
    assert statuses() == {Status.RETRYING: 5, Status.QUEUED: 7}


# --- taking on more of the backlog


def gone(*_arguments: Any, **_keywords: Any) -> Any:
    """Be a database that is away."""
    raise OperationalError("gone")


def send_along(rows: list[Notification]) -> None:
    deliver_together(tickets_of(rows), is_live=True)


@pytest.mark.usefixtures("slow_provider")
def test_while_a_slow_provider_is_waited_for_half_of_what_else_waits_is_taken_on(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    rows = [enqueued() for _ in range(70)]
    sink.always(slow(0.01))
    send_along(rows[:10])
    # Ten threads take on twenty at a time: of 60 that wait 20, 20 and 10. To take on 5 more is not
    # worth it: theirs are the messages that come.
    assert statuses() == {Status.SENT: 60, Status.QUEUED: 10}
    assert len({mail.recipients for mail in sink.messages}) == len(sink.messages) == 60
    assert journal.unrecorded() == []
    send_along(rows)  # whose message comes later finds its ticket taken
    assert statuses() == {Status.SENT: 70}
    assert len(sink.messages) == 70


def test_with_a_quick_provider_nothing_is_taken_on(enqueued: Enqueued, sink: SmtpSink) -> None:
    rows = [enqueued() for _ in range(60)]
    pace.reset()
    send_along(rows[:10])
    assert statuses() == {Status.SENT: 10, Status.QUEUED: 50}


@pytest.mark.usefixtures("slow_provider")
def test_more_is_taken_on_for_a_while_only(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(60)]
    monkeypatch.setattr(delivery, "TAKES_ON_FOR", TAKES_ON_FOR * 0)
    send_along(rows[:10])
    assert statuses() == {Status.SENT: 10, Status.QUEUED: 50}


@pytest.mark.usefixtures("slow_provider")
def test_one_mail_that_is_sent_for_its_own_message_takes_nothing_on(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    rows = [enqueued() for _ in range(40)]
    report = deliver(tickets_of(rows[:1]), retries_in_broker=True)
    assert [one.ticketed.id for one in report.delivered] == [rows[0].id]
    assert statuses() == {Status.SENT: 1, Status.QUEUED: 39}


@pytest.mark.usefixtures("slow_provider")
def test_no_more_is_taken_on_than_a_rate_allows(
    enqueued: Enqueued, sink: SmtpSink, use_providers: Callable[..., None]
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, SMTP_RATE="18/h")
    rows = [enqueued() for _ in range(70)]
    sink.always(slow(0.01))
    send_along(rows[:10])
    assert statuses() == {Status.SENT: 18, Status.QUEUED: 52}
    send_along(rows[20:30])
    assert statuses() == {Status.SENT: 18, Status.QUEUED: 52}


@pytest.mark.usefixtures("slow_provider")
def test_what_was_taken_on_and_not_begun_goes_back_unharmed(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(120)]
    sink.always(slow(0.01))
    for row in rows[22:]:
        sink.queue(refuse("421 4.3.2 Going down"), to=row.recipient)
    really = claims.waiting

    def waiting_once_the_first_have_left(**options: Any) -> list[Ticketed]:
        # A thread that a busy machine keeps waiting would find the breaker open.
        eventually(lambda: len(sink.messages) >= 20, within=20, every=0.005)
        return really(**options)

    monkeypatch.setattr(claims, "waiting", waiting_once_the_first_have_left)
    send_along(rows[:20])
    found = statuses()
    assert found[Status.SENT] >= 20
    assert sum(found.values()) == 120
    assert found[Status.SENDING] == 0
    tried = set(DeliveryAttempt.objects.values_list("notification_id", flat=True))
    assert Notification.objects.filter(status=Status.QUEUED, ticket__gt=0).exists(), "given back"
    for row in Notification.objects.filter(status=Status.QUEUED):
        assert (row.attempt_count, row.id in tried) == (0, False)


@pytest.mark.usefixtures("slow_provider")
def test_a_database_that_cannot_be_asked_for_more_costs_no_mail_anything(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [enqueued() for _ in range(60)]
    sink.always(slow(0.01))
    monkeypatch.setattr(delivery.claims, "waiting", gone)
    send_along(rows[:10])
    assert statuses() == {Status.SENT: 10, Status.QUEUED: 50}
    assert len(sink.messages) == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("slow_provider")
def test_a_database_that_goes_away_while_more_is_claimed_is_waited_for(
    enqueued: Enqueued,
    sink: SmtpSink,
    valkey: ValkeyServer,
    use_providers: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url, SMTP_RATE="60/h")
    rows = [enqueued() for _ in range(60)]
    sink.always(slow(0.01))
    really_claim, really_settle = delivery.claims.claim, recovery.settle
    claims, settlings = iter([really_claim, gone]), iter([gone, really_settle])

    def claim(*arguments: Any, **keywords: Any) -> Any:
        return next(claims)(*arguments, **keywords)

    def settle(*arguments: Any) -> Any:
        return next(settlings)(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(delivery.claims, "claim", claim)
        patch.setattr(recovery, "settle", settle)
        with pytest.raises(OperationalError):
            send_along(rows[:10])
    arrived = {mail.recipients[0] for mail in sink.messages}
    for row in Notification.objects.all():
        assert row.status == (Status.SENT if row.recipient in arrived else Status.QUEUED)
        assert row.lost_count == 0
    assert journal.unrecorded() == []
    # The permits that were not used for it are there for the rest.
    send_along(list(Notification.objects.filter(status=Status.QUEUED)))
    assert statuses() == {Status.SENT: 60}
    assert len(sink.messages) == 60


@pytest.mark.usefixtures("slow_provider")
def test_a_suppressed_address_that_is_taken_on_gets_no_mail(
    enqueued: Enqueued, sink: SmtpSink
) -> None:
    rows = [enqueued(recipient=f"to{number}@example.com") for number in range(40)]
    sink.always(slow(0.01))
    Suppression.objects.create(address=rows[12].recipient, reason="manual")
    send_along(rows[:10])
    assert Notification.objects.get(pk=rows[12].pk).status == Status.SUPPRESSED
    assert statuses() == {Status.SENT: 24, Status.SUPPRESSED: 1, Status.QUEUED: 15}


@pytest.mark.usefixtures("slow_provider")
def test_mail_whose_time_has_not_come_is_not_taken_on(enqueued: Enqueued, sink: SmtpSink) -> None:
    soon = timezone.now() + PUBLISHED_GRACE / 2
    later = [enqueued(send_at=soon) for _ in range(60)]
    rows = [enqueued() for _ in range(40)]
    sink.always(slow(0.01))
    send_along(rows[:10])
    assert statuses() == {Status.SENT: 25, Status.QUEUED: 15 + len(later)}


def test_an_allowance_asks_the_breakers_for_every_mail_but_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int]] = []

    def chain(permit: routing.Permit, *, position: int) -> tuple[str, ...]:
        asked.append((permit.providers[0], position))
        return permit.providers

    back: list[tuple[str, int]] = []
    monkeypatch.setattr(routing, "chain", chain)
    monkeypatch.setattr(
        routing, "give_back", lambda permit, unused: back.append((permit.providers[0], unused))
    )
    permits = [
        routing.Permit(providers=(name,), available_at=None, granted=granted)
        for name, granted in (("a", 2), ("b", 1), ("c", 3))
    ]
    allowance = Allowance(permits[0])
    for permit in permits[1:]:
        allowance.add(permit)
    for _ in range(4):
        allowance.chain()
    assert [name for name, _ in asked] == ["a", "a", "b", "c"]
    assert [position == 0 for _, position in asked] == [True, False, False, False]
    allowance.give_back()
    assert back == [("c", 2), ("b", 0), ("a", 0)]


@pytest.fixture
def noted_at_making(monkeypatch: pytest.MonkeyPatch) -> dict[Any, dict[Any, Note]]:
    """What the journal said of each mail when another one was made."""
    found: dict[Any, dict[Any, Note]] = {}
    really = rounds.make
    monkeypatch.setattr(ahead_of_time, "QUICK", 60.0)  # however busy the machine

    def make(row: Notification) -> Any:
        found[row.id] = {entry.ticketed.id: entry.note for entry in journal.unrecorded()}
        return really(row)

    monkeypatch.setattr(rounds, "make", make)
    return found


def test_the_next_mail_is_made_while_a_provider_takes_the_one_before_it(
    enqueued: Enqueued, sink: SmtpSink, noted_at_making: dict[Any, dict[Any, Note]]
) -> None:
    rows = [enqueued() for _ in range(4)]
    send_all(rows)
    first, second, third, fourth = (row.id for row in rows)
    # The first one knows the second, whose envelope leaves with it: what is made is the third.
    assert noted_at_making[second][first] == Note.CLAIMED
    assert noted_at_making[third][first] == Note.BEGUN
    assert noted_at_making[fourth][first] == Note.ACCEPTED
    assert noted_at_making[fourth][second] == Note.BEGUN
    assert statuses() == {Status.SENT: 4}
    assert len(sink.messages) == 4


def test_over_http_too(
    enqueued: Enqueued, esp: FakeEsp, noted_at_making: dict[Any, dict[Any, Note]]
) -> None:
    rows = [enqueued() for _ in range(3)]
    send_all(rows)
    assert noted_at_making[rows[2].id][rows[0].id] == Note.BEGUN
    assert len(esp.messages) == 3


def test_a_mail_that_takes_long_to_make_is_not_waited_for_by_an_answer(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = rounds.make
    found: dict[Any, Any] = {}

    def make(row: Notification) -> Any:
        time.sleep(2 * QUICK)
        found[row.id] = {entry.ticketed.id: entry.note for entry in journal.unrecorded()}
        return really(row)

    monkeypatch.setattr(rounds, "make", make)
    rows = [enqueued() for _ in range(3)]
    send_all(rows)
    assert found[rows[2].id][rows[0].id] == Note.ACCEPTED
    assert len(sink.messages) == 3


def test_who_makes_mails_meanwhile_does_not_take_that_for_waiting() -> None:
    def made() -> Iterator[Any]:
        time.sleep(2 * WORTH_A_THREAD)
        yield None

    ahead = Ahead(made())

    def send() -> Settlement:
        ahead.make()
        return Settlement(notification=Notification(), to=Status.SENT, at=timezone.now())

    _, waited = rounds._timed(send, ahead=ahead)
    assert waited is not None
    assert waited < WORTH_A_THREAD < ahead.seconds


def test_what_was_made_goes_back_unharmed_when_the_last_breaker_opens(
    enqueued: Enqueued, sink: SmtpSink, noted_at_making: dict[Any, dict[Any, Note]]
) -> None:
    sink.always(refuse("451 4.3.0 Later", at=SmtpStage.BODY))
    send_all([enqueued() for _ in range(60)])
    found = statuses()
    assert found[Status.RETRYING] + found[Status.QUEUED] == 60
    # Beside those that were tried: the one for which it was too late, and the one that follows it.
    assert len(noted_at_making) == found[Status.RETRYING] + 2
    untouched = Notification.objects.filter(status=Status.QUEUED)
    assert set(untouched.values_list("attempt_count", "claim_expires_at")) == {(0, None)}
    assert not Notification.objects.filter(claim_expires_at__isnull=False).exists()
    assert journal.unrecorded() == []


def test_the_database_is_not_asked_for_anything_while_an_answer_is_due(
    enqueued: Enqueued, sink: SmtpSink, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "notifications.mail_backend.OutboxEmailBackend"
    monkeypatch.setattr(live, "ASKED_EVERY", 0.0)
    for number in range(8):
        enqueued()
        send_mail("Hello", "Text", None, [f"n{number}@example.com"])
    asked: list[str] = []

    def ask(execute: Any, sql: str, *rest: Any) -> Any:
        if Note.BEGUN in {entry.note for entry in journal.unrecorded()}:
            asked.append(sql)
        return execute(sql, *rest)

    with databases["default"].execute_wrapper(ask):
        send_all(list(Notification.objects.order_by("created_at")))
    assert asked == []
    assert len(sink.messages) == 16


def test_what_is_published_is_asked_for_while_a_batch_is_sent(
    enqueued: Enqueued, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ASKED_EVERY", 0.0)
    asked: list[int] = []

    def ask(execute: Any, sql: str, *rest: Any) -> Any:
        if "templating_revision" in sql:
            asked.append(len(sink.messages))
        return execute(sql, *rest)

    rows = [enqueued() for _ in range(5)]
    with databases["default"].execute_wrapper(ask):
        send_all(rows)
    assert asked == [0, 0, 1, 2, 3, 4]
    pace.always_waited(0.1)
    rows = [enqueued() for _ in range(5)]
    with databases["default"].execute_wrapper(ask):
        send_all(rows)
    assert len(asked) == 6 + 1 + 5
