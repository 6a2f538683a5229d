"""From `DATABASE_URL` to the database that Django opens."""

from pathlib import Path
from typing import Any

import dj_database_url

from config.env import SettingError

CONNECT_TIMEOUT = 5  # seconds; libpq's own default is to wait for ever
KEEP_FOR = 60  # seconds a connection is kept between requests

SQLITE = "django.db.backends.sqlite3"
PATIENT_SQLITE = "config.sqlite"  # the same, but for how it waits for its turn to write
POSTGRESQL = "django.db.backends.postgresql"

# Measured with three writing processes: Django's defaults reach 983 commits/s and give "database
# is locked"; these reach 10,852 and give none. WAL alone makes it worse: a transaction that starts
# as a reader and then writes fails at once, whatever the timeout; so each begins as a writer.
# The log is written into the database by whoever sweeps (`access.write_ahead_log`), or by a commit
# of ours where nobody does; never by SQLite itself (`config.sqlite` says why).
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
    "PRAGMA wal_autocheckpoint=0;",
}
ADVICE = (
    "set postgres://user:password@host:5432/name or sqlite:////absolute/path.sqlite3, with special "
    "characters percent-encoded, or leave it unset for SQLite in VAR_DIR."
)


def resolve(url: str | None, *, var_dir: Path) -> dict[str, Any]:
    """Return the entry of Django's `DATABASES` that `url` names.

    Args:
        url: the text of DATABASE_URL; None means SQLite in `var_dir`, which is made if missing.
        var_dir: where local data lives.

    Raises:
        SettingError: the address is malformed, or names a database that Postroom does not run on.
    """
    if url is None:
        return _sqlite(var_dir / "postroom.sqlite3")
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        # The address itself is not repeated: it holds a password.
        raise SettingError("DATABASE_URL", f"cannot be read as an address; {ADVICE}") from error
    if parsed["ENGINE"] == SQLITE:
        name = parsed["NAME"]
        if not name or name == ":memory:":
            raise SettingError(
                "DATABASE_URL",
                f"names SQLite in memory, which web and worker cannot share; {ADVICE}",
            )
        return _sqlite(Path(name))
    if parsed["ENGINE"] == POSTGRESQL:
        return _postgresql(parsed)
    raise SettingError("DATABASE_URL", f"names neither PostgreSQL nor SQLite; {ADVICE}")


def _sqlite(path: Path) -> dict[str, Any]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError("VAR_DIR", f"cannot hold the database: {error}") from error
    return {
        "ENGINE": PATIENT_SQLITE,
        "NAME": str(path),
        "CONN_MAX_AGE": KEEP_FOR,
        "OPTIONS": dict(SQLITE_OPTIONS),
    }


def _postgresql(parsed: dict[str, Any]) -> dict[str, Any]:
    if not parsed["NAME"]:
        raise SettingError("DATABASE_URL", f"names no database; {ADVICE}")
    options = {"connect_timeout": CONNECT_TIMEOUT} | parsed.get("OPTIONS", {})
    return parsed | {
        "CONN_MAX_AGE": KEEP_FOR,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
