"""What a killed worker leaves behind is enough to lose nothing and to doubt little."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from notifications import journal as journals
from notifications.claims import claim, expiry
from notifications.journal import Entry, Note, journal
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Phase
from notifications.recording import record
from notifications.recovery import lost, replay_journals, settle
from notifications.relay import relay
from notifications.settlements import Acceptance, after_acceptance, doubt_as_json
from notifications.states import Status
from notifications.tickets import Ticketed

Enqueued = Callable[..., Notification]

WORKER = """
import json, sys, time, uuid, django
from datetime import datetime
django.setup()
from django.conf import settings
settings.VAR_DIR = sys.argv[1]
from notifications.journal import Entry, Note, journal
from notifications.tickets import Ticketed
if sys.argv[3].startswith("full:"):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    sys.argv[3] = sys.argv[3].removeprefix("full:")
tickets = [Ticketed(uuid.UUID(identifier), 1) for identifier in sys.argv[2].split(",")]
journal.claimed(tickets)
for ticketed, how in zip(tickets, sys.argv[3].split(",")):
    if how != "claimed":
        journal.note(Note.BEGUN, ticketed, provider="smtp")
    if how == "refused":
        journal.note(Note.REFUSED, ticketed)
    if how == "doubted":
        journal.note(Note.DOUBTED, ticketed, attempt=json.loads(sys.argv[5]))
    if how == "accepted":
        journal.note(Note.ACCEPTED, ticketed, acceptance=json.loads(sys.argv[4]))
print("ready", flush=True)
time.sleep(60)
"""


def acceptance() -> Acceptance:
    """Return what a provider's word is kept as."""
    return Acceptance(
        provider="smtp",
        provider_message_id="q-1",
        status_code=250,
        started_at=timezone.now(),
        duration=timedelta(milliseconds=20),
        subject="Hello",
        template_version="file:1",
        content_hash="0" * 64,
    )


def doubt() -> dict[str, Any]:
    """Return what an attempt of unknown outcome is kept as."""
    return doubt_as_json(
        DeliveryAttempt(
            provider="smtp",
            phase=Phase.RESPONSE,
            error_code="connection_lost",
            summary="The connection was lost.",
            started_at=timezone.now(),
            duration=timedelta(milliseconds=20),
        )
    )


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Keep these journals apart from those of other tests."""
    journal.close()
    settings.VAR_DIR = tmp_path
    yield
    journal.close()


def killed_worker(rows: list[Notification], how: list[str], folder: Path) -> None:
    """Let a real process write a journal about `rows` and kill it while it holds the file."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            WORKER,
            str(folder),
            ",".join(str(row.id) for row in rows),
            ",".join(how),
            json.dumps(acceptance().as_json()),
            json.dumps(doubt()),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
    )
    try:
        assert process.stdout.readline() == "ready\n"
        assert replay_journals() == 0, "the owner lives: its journal is its own"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_a_killed_workers_mails_go_where_its_notes_say(enqueued: Enqueued, tmp_path: Path) -> None:
    rows = [enqueued() for _ in range(4)]
    claim([Ticketed(row.id, 0) for row in rows], now=timezone.now())
    killed_worker(rows, ["accepted", "begun", "refused", "claimed"], tmp_path)
    assert replay_journals() == 4
    for row in rows:
        row.refresh_from_db()
    accepted, begun, refused, claimed = rows
    assert (accepted.status, accepted.provider_message_id) == (Status.SENT, "q-1")
    assert accepted.attempts.get().outcome == AttemptOutcome.ACCEPTED
    assert (begun.status, begun.attempt_count) == (Status.RETRYING, 1)
    assert begun.attempts.get().outcome == AttemptOutcome.LOST
    for row in (refused, claimed):
        assert (row.status, row.attempt_count, row.ticket) == (Status.QUEUED, 0, 1)
        assert row.relay_at <= timezone.now()


def test_a_killed_workers_doubt_is_kept_as_it_found_it(enqueued: Enqueued, tmp_path: Path) -> None:
    rows = [enqueued() for _ in range(2)]
    claim([Ticketed(row.id, 0) for row in rows], now=timezone.now())
    killed_worker(rows, ["doubted", "begun"], tmp_path)
    replay_journals()
    doubted, begun = (row.attempts.get() for row in rows)
    assert begun.outcome == AttemptOutcome.LOST, "one sender has one mail in flight"
    assert doubted.outcome == AttemptOutcome.UNKNOWN
    assert (doubted.error_code, doubted.phase) == ("connection_lost", Phase.RESPONSE)
    assert doubted.duration == timedelta(milliseconds=20)
    rows[0].refresh_from_db()
    assert (rows[0].status, rows[0].attempt_count, rows[0].lost_count) == (Status.RETRYING, 1, 0)
    assert rows[0].relay_at == rows[0].next_attempt_at


def test_a_journal_is_replayed_once(enqueued: Enqueued, tmp_path: Path) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["accepted"], tmp_path)
    assert replay_journals() == 1
    assert replay_journals() == 0
    assert not list(journals.folder().glob("*"))


def test_an_acceptance_noted_before_the_relay_gave_up_still_counts(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["accepted"], tmp_path)
    now = timezone.now()
    Notification.objects.update(
        status=Status.RETRYING, claim_expires_at=None, next_attempt_at=now, relay_at=now
    )
    replay_journals()
    row.refresh_from_db()
    assert row.status == Status.SENT


def test_a_journal_never_undoes_a_later_claim(enqueued: Enqueued, tmp_path: Path) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["begun"], tmp_path)
    Notification.objects.update(ticket=2)
    replay_journals()
    row.refresh_from_db()
    assert (row.status, row.ticket, row.attempt_count) == (Status.SENDING, 2, 0)


def test_a_torn_last_line_is_passed_over(enqueued: Enqueued) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    journal.claimed([Ticketed(row.id, 1)])
    [path] = journals.folder().glob("*")
    with path.open("ab") as file:
        file.write(b'{"note": "beg')
    journal.close()
    assert replay_journals() == 1
    row.refresh_from_db()
    assert row.status == Status.QUEUED


def test_what_could_not_be_recorded_is_remembered_until_it_is(enqueued: Enqueued) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    ticketed = Ticketed(row.id, 1)
    journal.claimed([ticketed])
    journal.note(Note.ACCEPTED, ticketed, acceptance=acceptance().as_json())
    settle(journal.unrecorded())
    journal.clear()
    row.refresh_from_db()
    assert row.status == Status.SENT
    assert journal.unrecorded() == []


def test_a_journal_can_be_read_by_its_owner_alone(enqueued: Enqueued) -> None:
    journal.claimed([Ticketed(enqueued().id, 1)])
    [path] = journals.folder().glob("*")
    assert path.stat().st_mode & 0o077 == 0


def test_the_word_of_a_provider_counts_although_its_claim_has_expired_into_doubt(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    row = enqueued()
    claimed = claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["accepted"], tmp_path)
    record([lost(claimed[0], now=timezone.now())])
    Notification.objects.update(status=Status.UNKNOWN)  # as the policy `hold` has it
    replay_journals()
    row.refresh_from_db()
    assert (row.status, row.provider_message_id, row.attempt_count) == (Status.SENT, "q-1", 1)


def test_the_word_of_a_provider_is_kept_although_the_mail_was_claimed_again(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["accepted"], tmp_path)
    Notification.objects.update(ticket=2)
    replay_journals()
    row.refresh_from_db()
    assert (row.status, row.ticket) == (Status.SENDING, 2)
    attempt = row.attempts.get()
    assert (attempt.ticket, attempt.outcome) == (1, AttemptOutcome.ACCEPTED)


def test_a_journal_that_cannot_be_replayed_stops_neither_the_others_nor_the_relay(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    rows = [enqueued(), enqueued()]
    claim([Ticketed(row.id, 0) for row in rows], now=timezone.now())
    killed_worker(rows[1:], ["accepted"], tmp_path)
    [path] = journals.folder().glob("*")
    odd = path.read_text().replace(str(rows[1].id), str(rows[0].id))
    odd = odd.replace("content_hash", "from_another_version")
    path.with_name(f"a{journals.SUFFIX}").write_text(odd)
    assert replay_journals() == 1
    assert Notification.objects.get(status=Status.SENT).id == rows[1].id
    assert [path.suffix for path in journals.folder().glob("*")] == [".rejected"]
    assert replay_journals() == 0


def test_a_journal_whose_disk_is_full_calls_nothing_untouched(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    row = enqueued()
    claim([Ticketed(row.id, 0)], now=timezone.now())
    killed_worker([row], ["full:begun"], tmp_path)
    replay_journals()
    row.refresh_from_db()
    assert row.status == Status.SENDING, "handed over, maybe: only the claim's expiry may decide"


def test_a_journal_that_a_relay_takes_away_while_it_is_made_is_made_again(
    enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, relays = journals.fcntl.flock, iter([replay_journals])

    def slowly(file: int, how: int) -> None:
        for replay in relays:
            replay()
        lock(file, how)

    monkeypatch.setattr(journals.fcntl, "flock", slowly)
    journal.claimed([Ticketed(enqueued().id, 1)])
    [path] = journals.folder().glob("*")
    assert path.read_text()


def test_a_journal_that_another_relay_deletes_before_this_one_reads_it_is_nobodys(
    enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.claimed([Ticketed(enqueued().id, 1)])
    journal.close()
    [path] = journals.folder().glob("*")
    lock = journals.fcntl.flock

    def late(file: int, how: int) -> None:
        path.unlink()
        lock(file, how)

    monkeypatch.setattr(journals.fcntl, "flock", late)
    with journals.orphaned(path) as entries:
        assert entries is None


def expired(row: Notification) -> Notification:
    """Return the row as its worker claimed it, whose claim has run out since."""
    claim([Ticketed(row.id, 0)], now=timezone.now() - timedelta(hours=1))
    row.refresh_from_db()
    return row


def test_what_one_relay_is_about_to_record_is_not_taken_for_lost_by_another(
    enqueued: Enqueued,
) -> None:
    row = expired(enqueued())
    with journals.one_at_a_time() as is_alone:
        assert is_alone
        assert relay().recovered == 0
        record([after_acceptance(row, acceptance(), attempts=[acceptance().attempt(row)])])
    assert relay().recovered == 0
    assert [attempt.outcome for attempt in row.attempts.all()] == [AttemptOutcome.ACCEPTED]


def test_a_relay_that_is_stuck_keeps_the_others_out_for_a_while_only(enqueued: Enqueued) -> None:
    expired(enqueued())
    with journals.one_at_a_time():  # so that there is the file, as old as the last relay
        os.utime(journals.folder() / "relay.lock", (0, 0))
    with journals.one_at_a_time():
        assert relay().recovered == 0
        begun = time.time() - journals.STUCK_AFTER.total_seconds()
        os.utime(journals.folder() / "relay.lock", (begun + 10, begun + 10))
        assert relay().recovered == 0
        os.utime(journals.folder() / "relay.lock", (begun - 1, begun - 1))
        assert relay().recovered == 1


def test_a_relay_that_cannot_write_beside_the_journals_sweeps_all_the_same(
    enqueued: Enqueued,
) -> None:
    expired(enqueued())
    journals.folder().touch()  # no directory
    assert relay().recovered == 1


@pytest.mark.parametrize(("later_by", "left"), [(0, Status.QUEUED), (1, Status.SENDING)])
def test_a_claim_that_was_only_announced_is_given_back_if_it_is_that_very_claim(
    enqueued: Enqueued, later_by: int, left: Status
) -> None:
    row, now = enqueued(), timezone.now()
    assert claim([Ticketed(row.id, 0)], now=now)
    announced = expiry(now) + timedelta(microseconds=later_by)
    details = {"expires_at": announced.isoformat()}
    settle([Entry(ticketed=Ticketed(row.id, 1), note=Note.CLAIMING, details=details)])
    row.refresh_from_db()
    assert (row.status, row.attempt_count, row.attempts.count()) == (left, 0, 0)


@pytest.mark.parametrize("odd", ["\ud800", "\x00\n", "한 \u2028", '"\\'], ids=ascii)
def test_a_note_of_any_text_is_read_again_as_it_was(odd: str) -> None:
    journal.note(Note.DOUBTED, Ticketed(uuid4(), 1), attempt={"detail": odd, "duration": 0.1})
    [path] = journals.folder().glob("*")
    journal.close()
    with journals.orphaned(path) as entries:
        assert entries is not None
        [entry] = entries
    assert entry.details == {"attempt": {"detail": odd, "duration": 0.1}}
