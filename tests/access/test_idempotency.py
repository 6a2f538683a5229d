"""Every write of the API takes `Idempotency-Key`, and the schema says so."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver

from access.idempotency import is_idempotent
from config.urls import api_v1

WRITES = ("post", "put", "patch", "delete")
# These change nothing; asked twice they answer twice.
SAFE = frozenset({"Preview.post"})


def views(patterns: list[Any]) -> Iterator[Any]:
    """Yield every view class below some URL patterns."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern.callback.cls


def test_every_write_of_the_api_takes_an_idempotency_key() -> None:
    writes = {
        f"{view.__name__}.{name}": getattr(view, name)
        for view in views(api_v1)
        for name in WRITES
        if hasattr(view, name)
    }
    assert "OrderList.post" in writes
    without = {name for name, handler in writes.items() if not is_idempotent(handler)}
    assert without == SAFE


@pytest.mark.django_db
def test_the_schema_tells_of_the_header_and_its_answers(with_key: Client) -> None:
    accepted = {"Accept": "application/vnd.oai.openapi+json"}
    schema = with_key.get("/api/v1/schema/", headers=accepted).json()
    post = schema["paths"]["/api/v1/baskets/"]["post"]
    header = next(each for each in post["parameters"] if each["name"] == "Idempotency-Key")
    assert (header["in"], header.get("required", False)) == ("header", False)
    assert {"409", "422"} <= post["responses"].keys()
    assert "Idempotent-Replayed" in post["responses"]["201"]["headers"]
    get = schema["paths"]["/api/v1/baskets/"]["get"]
    assert "422" not in get["responses"]
    assert not [each for each in get.get("parameters", []) if each["in"] == "header"]
