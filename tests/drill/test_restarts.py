"""Restarts and the loss of a host, small; `make drill` has them at length."""

import os

import pytest

from tests.drill import hosts, rolling
from tests.drill.rig import Database

DATABASE: Database = "postgres" if os.environ.get("TEST_DATABASE") == "postgres" else "sqlite"
pytestmark = [pytest.mark.drill, pytest.mark.timeout(240)]


def test_a_rolling_restart_under_load_fails_no_request_and_loses_and_doubles_nothing() -> None:
    seen = rolling.run(rate=8, seconds=8, database=DATABASE, audited=False)
    assert seen.broken == [], seen.refused
    assert {"web", "live", "backlog"} <= set(seen.restarts)


@pytest.mark.one_database
def test_a_host_that_dies_takes_no_mail_with_it() -> None:
    seen = hosts.run(orders=40, database="postgres", audited=False)
    assert seen.broken == []
