"""Templates in a folder of the test's own, and contracts of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from templating import contracts
from templating.contracts import EventContract
from tests.templating.folders import Templates


@pytest.fixture
def templates(tmp_path: Path, settings: Settings) -> Templates:
    """An empty folder of templates, in use; read again for every mail, as in development."""
    settings.TEMPLATES_EMAIL_DIRS = [tmp_path]
    settings.DEFAULT_LOCALE = "en"
    settings.TIME_ZONE = "Asia/Seoul"
    settings.DEBUG = True
    return Templates(folder=tmp_path)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[EventContract], None]:
    """Register contracts for one test only."""
    monkeypatch.setattr(contracts, "_contracts", {})
    return contracts.register
