"""The small API, a key for it, and a client that answers 500 instead of raising."""

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django import Settings

if TYPE_CHECKING:
    # pytest loads this file before pytest-django has set Django up, so models cannot be imported.
    from access.keys import CreatedKey


@pytest.fixture(autouse=True)
def small_api(settings: Settings) -> None:
    """Serve tests/access/small_api.py."""
    settings.ROOT_URLCONF = "tests.access.small_api"


@pytest.fixture
def client() -> Client:
    """A client without a key, to which a failing view is an answer."""
    return Client(raise_request_exception=False)


@pytest.fixture
def key(db: None) -> "CreatedKey":
    """A key with every scope."""
    from access import keys
    from access.actors import Actor

    return keys.create(name="Web shop", actor=Actor.system("tests"))


@pytest.fixture
def with_key(key: "CreatedKey") -> Client:
    """A client that presents `key`."""
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key.key}"})
