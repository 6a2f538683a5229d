"""A worker's own notes of what it is about to hand over and what was accepted.

The database learns of a claim's outcome only after the provider has answered. A worker that is
killed in between would leave the whole claim in doubt; its journal narrows that to the one mail
that was under way, or those of its sending threads. One small file per worker process, in
`VAR_DIR/journal`:

    {"note": "claiming", "tickets": [[id, ticket], …], "expires_at": …}      before the claim
    {"note": "claimed",  "tickets": [[id, ticket], …]}
    {"note": "begun",    "ticketed": [id, ticket], "provider": alias, …}     before the hand-over
    {"note": "accepted", "ticketed": [id, ticket], "acceptance": {…}}        after the answer
    {"note": "refused",  "ticketed": [id, ticket]}                           certainly not taken
    {"note": "doubted",  "ticketed": [id, ticket], "attempt": {…}}           nobody can know

The file is emptied when all of it has been recorded. Its owner holds a lock (flock) on it as long
as it lives, and the kernel gives the lock back however it dies: a file that can be locked has no
owner and is read by `recovery`. Nothing is synced to the disk, for a killed process loses nothing
of what it wrote; a host that loses power leaves its claims to expire.
"""

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from pydantic_core import PydanticSerializationError, to_json

from access.file_locks import try_lock
from notifications.tickets import Ticketed

log = structlog.get_logger()

SUFFIX = ".journal"
REJECTED_SUFFIX = ".rejected"
"""Of a journal that could not be replayed, and that nobody reads again by itself."""
STUCK_AFTER = timedelta(minutes=2)
"""A relay that has been at the journals for so long is stopped, or its disk is dead."""


class Note(StrEnum):
    """The last thing known of a claimed notification."""

    CLAIMING = "claiming"
    CLAIMED = "claimed"
    BEGUN = "begun"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DOUBTED = "doubted"


class Entry(NamedTuple):
    """The last note of one notification, with what was noted beside it."""

    ticketed: Ticketed
    note: Note
    details: Mapping[str, Any] = MappingProxyType({})


class Journal:
    """The journal of one worker, opened at its first note in the current process.

    The threads that send for the worker note in it too: each note is one write, and a file of
    their own would be believed or not without the others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = -1
        self._owner = 0
        self._entries: dict[UUID, Entry] = {}

    def claiming(self, tickets: Sequence[Ticketed], *, expires_at: datetime) -> None:
        """Note what is about to be claimed, with the tickets that the claim will give.

        Another worker may be quicker, and get the same tickets: a claim is ours if it expires at
        `expires_at`, to the microsecond.
        """
        details = {"expires_at": expires_at.isoformat()}
        self._write({"note": Note.CLAIMING.value, "tickets": _plain(tickets), **details})
        for one in tickets:
            self._entries[one.id] = Entry(ticketed=one, note=Note.CLAIMING, details=details)

    def claimed(self, tickets: Sequence[Ticketed]) -> None:
        """Note a claim, before anything is done with it."""
        self._write({"note": Note.CLAIMED.value, "tickets": _plain(tickets)})
        for ticketed in tickets:
            self._entries[ticketed.id] = Entry(ticketed=ticketed, note=Note.CLAIMED)

    def note(self, note: Note, ticketed: Ticketed, **details: Any) -> None:
        """Note how far a claimed notification has come; `details` are JSON-ready."""
        self._write({"note": note.value, "ticketed": tuple(ticketed), **details})
        self._entries[ticketed.id] = Entry(ticketed, note, details)

    def unrecorded(self) -> list[Entry]:
        """Return what was noted and could not be recorded (the database was away)."""
        return list(self._entries.values()) if self._owner == os.getpid() else []

    def clear(self) -> None:
        """Forget everything: it has been recorded."""
        self._entries.clear()
        if self._owner == os.getpid():
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Let go of the file, which leaves what it holds to `recovery`."""
        if self._owner == os.getpid():
            os.close(self._file)
        self._entries, self._file, self._owner = {}, -1, 0

    def _open(self) -> None:
        if self._owner != os.getpid():
            self._entries = {}
            self._file, self._owner = _create(), os.getpid()

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            if self._owner != os.getpid():  # the first note, or the first after a fork
                with self._lock:
                    self._open()
            _write_line(self._file, line)
        except OSError as error:
            # A full disk must not stop the mail. But the notes that are there must not say
            # "untouched" of what is handed over now: without any, a killed worker leaves its
            # whole claim in doubt, which is what the claim's expiry is for.
            log.exception("journal_unavailable", error_class=type(error).__name__)
            if self._owner == os.getpid():
                os.ftruncate(self._file, 0)


class _OfThisThread(threading.local):
    """Each thread that claims has a journal of its own; `own` may be handed to other threads."""

    def __init__(self) -> None:
        self.own = Journal()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)


journal = _OfThisThread()


def folder() -> Path:
    """Return where the journals of this host's workers are."""
    return Path(settings.VAR_DIR) / "journal"


def _plain(tickets: Sequence[Ticketed]) -> list[tuple[UUID, int]]:
    """Return them as tuples, which are written in a third of the time that a class's takes."""
    return [(one.id, one.ticket) for one in tickets]


def _write_line(file: int, line: Mapping[str, Any]) -> None:
    # One write of one line: a kill leaves it whole or absent.
    try:
        text = to_json(line) + b"\n"  # a third of what json.dumps takes, twice for each mail
    except PydanticSerializationError:  # a lone surrogate, which a provider's answer may hold
        text = json.dumps(line, default=str).encode() + b"\n"
    if os.write(file, text) < len(text):
        raise OSError(errno.ENOSPC, "the note did not fit")


def _create() -> int:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        path = folder() / f"{uuid4()}{SUFFIX}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # Between the two a relay may have taken it for an orphan and deleted it.
        if os.fstat(file).st_nlink:
            return file
        os.close(file)


@contextmanager
def one_at_a_time() -> Iterator[bool]:
    """Give whether this relay is the only one of this host in such a block.

    One that is stuck keeps the others out for `STUCK_AFTER`, and one that is killed not at all.
    Where nothing can be written no journal is, and nobody waits for one.
    """
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder() / "relay.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        if try_lock(file):
            os.utime(file)
            yield True
        else:
            yield time.time() - os.fstat(file).st_mtime > STUCK_AFTER.total_seconds()
    finally:
        os.close(file)


@contextmanager
def orphaned(path: Path) -> Iterator[list[Entry] | None]:
    """Hold the journal at `path` and give its entries, or None while its owner lives.

    The file is deleted at the end of the block, unless the block raises.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # another relay was quicker
        yield None
        return
    try:
        # Its owner lives, or it was replayed and deleted since it was opened.
        if not try_lock(file) or not os.fstat(file).st_nlink:
            yield None
            return
        yield list(_read(path))
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _read(path: Path) -> Iterator[Entry]:
    """Give the last note of each notification."""
    entries: dict[UUID, Entry] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            content = json.loads(line)
        except ValueError:  # the last line of a host that lost power
            continue
        note = Note(content.pop("note"))
        found = content.pop("tickets", None) or [content.pop("ticketed")]
        for identifier, ticket in found:
            ticketed = Ticketed(UUID(identifier), ticket)
            entries[ticketed.id] = Entry(ticketed=ticketed, note=note, details=content)
    yield from entries.values()
