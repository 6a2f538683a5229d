"""Which of these tests the run on PostgreSQL repeats."""

import os

import pytest

# They start processes of their own, on SQLite, whatever the test process itself runs on.
WITH_THEIR_OWN_DATABASE = {"test_runner.py", "test_refusals.py", "test_databases.py"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("TEST_DATABASE", "sqlite") == "sqlite":
        return
    repeated = [item for item in items if item.path.name in WITH_THEIR_OWN_DATABASE]
    config.hook.pytest_deselected(items=repeated)
    items[:] = [item for item in items if item not in repeated]
