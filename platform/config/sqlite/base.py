"""Django's SQLite, waiting for its turn to write in steps of a millisecond.

SQLite itself waits in steps that grow to 100 ms. With four clients placing orders a writer was
asleep for most of the time in which the lock was free: half of the requests took 100 ms and one in
a hundred 1.6 s, of which they worked for ten.
"""

import random
import time
from datetime import timedelta

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

DEFAULT_PATIENCE = timedelta(seconds=5)  # of Python's sqlite3, for who sets no timeout
FIRST_PAUSE = timedelta(milliseconds=0.3)
LONGEST_PAUSE = timedelta(milliseconds=3)


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection; all but the beginning of a transaction is Django's."""

    def _start_transaction_under_autocommit(self) -> None:
        """Begin, waiting for other writers for as long as the option `timeout` says.

        Raises:
            OperationalError: "database is locked", still.
        """
        patience = self._patience()
        deadline = time.monotonic() + patience
        pause = FIRST_PAUSE.total_seconds()
        self._let_sqlite_wait(seconds=0)
        try:
            while True:
                try:
                    super()._start_transaction_under_autocommit()  # type: ignore[misc]  # unknown to the stubs
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                else:
                    return
                # Not all at the same moment: of two that are in step one would never get it.
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(pause * 1.5, LONGEST_PAUSE.total_seconds())
        finally:
            self._let_sqlite_wait(seconds=patience)

    def _patience(self) -> float:
        options = self.settings_dict["OPTIONS"]
        return float(options.get("timeout", DEFAULT_PATIENCE.total_seconds()))

    def _let_sqlite_wait(self, *, seconds: float) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
