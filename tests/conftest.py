"""What every test stands on: the environment, the database, Valkey, and loud skips.

`TEST_DATABASE=postgres pytest` runs on a throw-away PostgreSQL instead of SQLite.
"""

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from config.databases import PATIENT_SQLITE
from notifications.tickets import Ticketed
from templating import live
from tests.support import environment
from tests.support.early import VAR_DIR
from tests.support.valkey import ValkeyServer


@pytest.fixture(scope="session")
def var_dir() -> Path:
    """The throw-away VAR_DIR of this test process."""
    return VAR_DIR


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep SQLite's test database in a file: threads and processes cannot share one in memory."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"] == PATIENT_SQLITE:
        database.setdefault("TEST", {})["NAME"] = str(VAR_DIR / "test.sqlite3")


@pytest.fixture(autouse=True, scope="session")
def announced_at_once() -> Iterator[None]:
    """Have commits wait for what they publish, or it would reach the broker in a later test.

    And have nothing published before its commit: whether it is depends on how quick others were.
    """
    from notifications import early
    from notifications.announcing import announcer

    announce = announcer.announce

    def announce_and_wait(tickets: Sequence[Ticketed]) -> None:
        announce(tickets)
        announcer.flush()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announcer, "announce", announce_and_wait)
        patch.setattr(early, "ENOUGH", sys.maxsize)
        yield


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The embedded Valkey that REDIS_URL names; started by the first test that wants it."""
    with ValkeyServer(VAR_DIR / "valkey", socket=VAR_DIR / environment.VALKEY_SOCKET) as server:
        yield server


@pytest.fixture
def valkey(valkey_server: ValkeyServer) -> Iterator[ValkeyServer]:
    """The embedded Valkey, running and empty."""
    valkey_server.start()
    with valkey_server.client() as client:
        client.flushall()
    yield valkey_server
    valkey_server.thaw()


@pytest.fixture
def known_templates(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the database asked for published templates now and not again: for who counts queries.

    It is asked every two seconds, and then stores what mails were made of: how many queries that
    is depends on how long a test takes.
    """
    live.refresh(now=True)
    monkeypatch.setattr(live, "ASKED_EVERY", 86_400.0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what need not run on both databases, and what only one can do.

    Deselected rather than skipped: nothing is missing, and CI refuses skips.
    """
    is_postgres = os.environ.get("TEST_DATABASE") == "postgres"
    belongs_here = _meets_the_database if is_postgres else _runs_on_sqlite
    config.hook.pytest_deselected(items=[item for item in items if not belongs_here(item)])
    items[:] = [item for item in items if belongs_here(item)]


def _runs_on_sqlite(item: pytest.Item) -> bool:
    return item.get_closest_marker("only_postgres") is None


def _meets_the_database(item: pytest.Item) -> bool:
    """Return whether a test can tell one database from another."""
    if item.get_closest_marker("one_database"):
        return False
    if any(map(item.get_closest_marker, ("django_db", "end_to_end", "drill"))):
        return True
    fixtures = set(getattr(item, "fixturenames", ()))
    return not fixtures.isdisjoint({"db", "transactional_db", "django_db_setup"})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse skipped tests under CI."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse skipped modules under CI."""
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure: in CI a missing part must not pass for a tested one."""
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"CI=true refuses to skip {report.nodeid}: {report.longrepr}"
