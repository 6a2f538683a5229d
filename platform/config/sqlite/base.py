"""Django's SQLite, waiting for its turn to write in steps of a millisecond, and for nobody's log.

SQLite itself waits in steps that grow to 100 ms. With four clients placing orders a writer was
asleep for most of the time in which the lock was free: half of the requests took 100 ms and one in
a hundred 1.6 s, of which they worked for ten.

It asks the driver itself. Each "database is locked" that goes through Django's wrappers leaves a
cycle of frames, exception and cursor, which the garbage collector takes apart in whichever thread
it happens to run. If that one holds the lock, and the cursor's connection waits for it, then each
waits for the other until the patience is over.

A connection is kept between requests, as one to a server is: to open one takes reading the schema,
and the last one to close writes all of the log into the file. But a file can be replaced, by a
backup's; then what was opened is no longer the database. That is noticed, but does not make it
safe: the old file's log is still beside the new one. docs/upgrades.md says how it is done.

The write-ahead log is written into the database ("checkpoint") by one process at a time, and only
right after a commit of its own. In any SQLite before 3.51.3 (but for 3.44.6 and 3.50.7) one that
begins when nothing is left to be written, at the moment in which somebody commits, takes what is
written next for done: what was committed is lost, or the file broken
(https://sqlite.org/wal.html#walresetbug). Two that did so without a break lost a commit within a
minute here. After a commit of one's own something is left, until this very checkpoint writes it. So
SQLite's own checkpoints, which follow any commit and know nothing of each other, are off.
"""

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import structlog
from django.db.backends.sqlite3 import base
from django.db.backends.utils import debug_transaction
from django.db.utils import OperationalError

from access.file_locks import try_lock

DEFAULT_PATIENCE = timedelta(seconds=5)  # of Python's sqlite3, for who sets no timeout
FIRST_PAUSE = timedelta(milliseconds=0.3)
LONGEST_PAUSE = timedelta(milliseconds=3)
LOG_IS_DUE = 6_000
"""Pages that this process may write, about, until one of its commits shortens the log, if nobody
sweeps: 24 MB."""
PAGES_OF_A_COMMIT = 10
"""As many as it writes beyond one for each row: a row more in a batch costs a page, and one alone
those of all its indexes."""

log = structlog.get_logger(__name__)

FileIdentity = tuple[int, int]
"""Device and inode."""


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection; all but the beginning of a transaction and the log's end is Django's."""

    _written: ClassVar[int] = 0
    """Pages that this process has written since it last shortened the log, about."""

    _opened: FileIdentity | None = None
    _counted = 0
    _begun_at = 0
    """The driver's counts of written rows: when we last looked, and when the transaction began."""

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect, and remember to which file."""
        connection = super().get_new_connection(conn_params)
        self._opened, self._counted, self._begun_at = self._file(), 0, 0
        return connection

    def shorten_log_after(self, commit: Callable[[], object]) -> None:
        """Write the log into the database after `commit` has committed; nobody waits for it.

        It is left to the next one if somebody else is at it; a database in memory has none. Only
        between transactions.
        """
        with self._alone_at_the_log() as is_alone:
            commit()
            if is_alone:
                DatabaseWrapper._written = 0
                with suppress(sqlite3.OperationalError):  # busy: what is committed is committed
                    self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _commit(self) -> None:
        if self.connection is None:
            return
        before, self._counted = self._counted, self.connection.total_changes
        if rows := self._counted - before:
            DatabaseWrapper._written += rows + PAGES_OF_A_COMMIT
        commit: Callable[[], None] = super()._commit  # type: ignore[misc]  # unknown to the stubs
        # Only after a commit that leaves something in the log; `rows` counts what was rolled back.
        if self._counted > self._begun_at and DatabaseWrapper._written >= LOG_IS_DUE:
            self.shorten_log_after(commit)
        else:
            commit()

    @contextmanager
    def _alone_at_the_log(self) -> Iterator[bool]:
        """Give whether nobody else, in any process, is in such a block."""
        if self._opened is None:
            yield False
            return
        path = f"{self.settings_dict['NAME']}-checkpoint"
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:  # whatever it is: no reason not to commit
            log.warning("log_cannot_be_shortened", error=str(error))
            yield False
            return
        try:
            yield try_lock(file)
        finally:
            os.close(file)

    def close_if_unusable_or_obsolete(self) -> None:
        """Close, between two requests or tasks, what is too old or another file's."""
        is_idle = self.connection is not None and not self.in_atomic_block
        if is_idle and self._opened != self._file():
            advice = "stop all that uses it and restore as docs/upgrades.md says"
            log.error("database_file_replaced", advice=advice)
            self.close()
        super().close_if_unusable_or_obsolete()

    def _file(self) -> FileIdentity | None:
        try:
            found = Path(self.settings_dict["NAME"]).stat()
        except OSError:  # no longer there, or in memory and never there
            return None
        return found.st_dev, found.st_ino

    def _start_transaction_under_autocommit(self) -> None:
        """Begin, waiting for other writers for as long as the option `timeout` says.

        Raises:
            OperationalError: "database is locked", still.
        """
        patience = self._patience()
        begin = f"BEGIN {self.transaction_mode or ''}"  # type: ignore[attr-defined]  # unknown to the stubs
        self._let_sqlite_wait(seconds=0)
        try:
            with debug_transaction(self, begin):  # into the log of queries
                self._begin(begin, until=time.monotonic() + patience)
            self._begun_at = self.connection.total_changes
        finally:
            self._let_sqlite_wait(seconds=patience)

    def _begin(self, begin: str, *, until: float) -> None:
        pause = FIRST_PAUSE.total_seconds()
        while True:
            try:
                self.connection.execute(begin)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise OperationalError(*error.args) from error
            else:
                return
            # Not all at the same moment: of two that are in step one would never get it.
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 1.5, LONGEST_PAUSE.total_seconds())

    def _patience(self) -> float:
        options = self.settings_dict["OPTIONS"]
        return float(options.get("timeout", DEFAULT_PATIENCE.total_seconds()))

    def _let_sqlite_wait(self, *, seconds: float) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
