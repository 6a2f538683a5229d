"""The environment that the tests run in, set before Django reads its settings."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.support.postgres import PostgresServer
from tests.support.valkey import redis_url

# What a developer's shell may hold and a test must not see.
FOREIGN = (
    "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND",
    "DEFAULT_FROM_EMAIL",
    "DEFAULT_LOCALE",
    "POSTMARK_SERVER_TOKEN",
    "SHOP_COPY_TO",
    "SHOP_REPLY_TO",
    "SMTP_URL",
    "TIME_ZONE",
)
VALKEY_SOCKET = "run/valkey.sock"


def prepare() -> Path:
    """Set the environment of this test process and return its own VAR_DIR.

    Each process has its own (those of pytest-xdist too), so that no two share an SQLite file or a
    Valkey. PostgreSQL, when TEST_DATABASE=postgres asks for it, is started by the first process and
    shared: pytest-django names a database per worker.

    Raises:
        SystemExit: TEST_DATABASE names no database that the tests know.
    """
    var_dir = Path(tempfile.mkdtemp(prefix="postroom-tests-"))
    atexit.register(shutil.rmtree, var_dir, ignore_errors=True)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHON_DOTENV_DISABLED": "1",
        # For plain static files and readable logs. Django's own DEBUG is off in tests, whatever
        # stands here: pytest-django turns it off once the settings are read.
        "DEBUG": "true",
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "VAR_DIR": str(var_dir),
        "EMAIL_PROVIDERS": "memory",
        "REDIS_URL": redis_url(var_dir / VALKEY_SOCKET),
    }
    _choose_database()
    return var_dir


def _choose_database() -> None:
    choice = os.environ.get("TEST_DATABASE", "sqlite")
    if choice not in {"sqlite", "postgres"}:
        raise SystemExit(f"TEST_DATABASE is {choice!r}; set it to sqlite or postgres.")
    if choice == "sqlite":
        os.environ.pop("DATABASE_URL", None)
    elif "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ["DATABASE_URL"] = PostgresServer().url
