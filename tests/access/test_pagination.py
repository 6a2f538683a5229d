"""Cursor pagination: every row once, in order, whatever the ties, gaps and cursors."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.db.models import F, QuerySet
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from access.models import ApiKey, AuditEntry
from access.pagination import Cursor, CursorPagination, KeySet

ENTRIES = "/api/v1/entries/"
START = datetime(2026, 1, 1, tzinfo=UTC)


def add_entries(*ages: int) -> None:
    """Add entries that are so many microseconds old; equal ages are ties."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor_kind="system", actor_id="t", actor_label="t", action=str(number),
            target_type="t", target_id="t", at=START - timedelta(microseconds=age),
        )
        for number, age in enumerate(ages)
    )  # fmt: skip


def walk(client: Client, url: str | None, *, by: str = "next") -> list[list[int]]:
    """Follow the links from `url` on; return each page's ids."""
    pages = []
    while url is not None:
        answer = client.get(url).json()
        pages.append([row["id"] for row in answer["results"]])
        url = answer[by]
    return pages


def last_page(client: Client, url: str) -> str:
    while following := client.get(url).json()["next"]:
        url = following
    return url


def joined(pages: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(pages))


def in_order() -> list[int]:
    return list(AuditEntry.objects.order_by("-at", "-pk").values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 3, 7, 25, 200])
def test_every_row_is_on_one_page_in_order_forwards_and_backwards(
    with_key: Client, size: int
) -> None:
    AuditEntry.objects.all()._raw_delete("default")
    add_entries(*[0] * 10, *range(10), 3, 3, 3, 3, 3)
    url = f"{ENTRIES}?page_size={size}"
    forwards = walk(with_key, url)
    assert joined(forwards) == in_order()
    assert {len(page) for page in forwards[:-1]} <= {size}
    backwards = walk(with_key, last_page(with_key, url), by="previous")
    assert joined(reversed(backwards)) == in_order()


@pytest.mark.django_db
def test_thousands_of_rows_of_one_moment_do_not_end_in_a_circle(with_key: Client) -> None:
    add_entries(*[0] * 2_500)
    pages = walk(with_key, f"{ENTRIES}?page_size=200")
    assert len(pages) == 13
    assert joined(pages) == in_order()


@pytest.mark.django_db
def test_a_row_added_meanwhile_moves_no_other(with_key: Client) -> None:
    add_entries(*range(10))
    expected = in_order()
    first = with_key.get(f"{ENTRIES}?page_size=4").json()
    add_entries(-5, -5, 100)
    seen = [row["id"] for row in first["results"]] + joined(walk(with_key, first["next"]))
    assert [pk for pk in seen if pk in expected] == expected
    assert len(seen) == len(set(seen))


@pytest.mark.django_db
def test_the_default_page_and_the_ends(with_key: Client) -> None:
    add_entries(*range(60))
    first = with_key.get(ENTRIES).json()
    assert len(first["results"]) == 50
    assert first["previous"] is None
    last = with_key.get(first["next"]).json()
    assert last["next"] is None
    assert with_key.get(last["previous"]).json()["results"] == first["results"]


@pytest.mark.django_db
def test_a_page_takes_one_query_whatever_its_size(
    with_key: Client, django_assert_num_queries: Any
) -> None:
    add_entries(*range(60))
    with_key.get(ENTRIES)
    for url in (ENTRIES, f"{ENTRIES}?page_size=200", with_key.get(ENTRIES).json()["next"]):
        with django_assert_num_queries(2):  # the key, and the page
            with_key.get(url)


@pytest.mark.django_db
@pytest.mark.parametrize("size", ["0", "-1", "201", "abc", "1.5", "", "9" * 5_000, "²", "1e2"])
def test_an_impossible_page_size_is_400(with_key: Client, size: str) -> None:
    response = with_key.get(ENTRIES, {"page_size": size})
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["parameter"], error["detail"]) == (
        "page_size",
        "Give a whole number from 1 to 200.",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["", "x", "cD0yMDI2", "é", "a" * 6_000, "W10:abc", ":", "\x01"])
def test_a_cursor_that_nobody_gave_out_is_400(with_key: Client, cursor: str) -> None:
    response = with_key.get(ENTRIES, {"cursor": cursor})
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["parameter"], error["code"]) == ("cursor", "invalid_cursor")


@pytest.mark.django_db
def test_a_cursor_of_another_list_or_ordering_is_400(with_key: Client) -> None:
    foreign = Cursor("-at", "2026-01-01T00:00:00+00:00", "1", False)
    other_model = foreign.encode(ApiKey)
    other_ordering = Cursor("at", "2026-01-01T00:00:00+00:00", "1", False).encode(AuditEntry)
    for cursor in (other_model, other_ordering, foreign.encode(AuditEntry) + "x"):
        assert with_key.get(ENTRIES, {"cursor": cursor}).status_code == 400
    assert with_key.get(ENTRIES, {"cursor": foreign.encode(AuditEntry)}).status_code == 200


def pages_of(queryset: QuerySet[Any], *, size: int) -> list[list[Any]]:
    """Walk `queryset` by the paginator itself."""
    pages = []
    url: str | None = f"/?page_size={size}"
    while url is not None:
        paginator = CursorPagination()
        request = Request(APIRequestFactory().get(url))
        pages.append(paginator.paginate_queryset(queryset, request))
        url = paginator.next_link
    return pages


class NullableOrdering(TestCase):
    """Keys by their last use, which many have not had."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        uses=st.lists(st.none() | st.integers(min_value=0, max_value=3), max_size=12),
        size=st.integers(min_value=1, max_value=5),
        descending=st.booleans(),
    )
    def test_rows_without_a_value_come_last_and_none_is_lost(
        self, uses: list[int | None], size: int, descending: bool
    ) -> None:
        ApiKey.objects.all().delete()
        ApiKey.objects.bulk_create(
            ApiKey(
                name="k", prefix=str(number), secret_hash="", scopes=[],
                last_used_at=None if use is None else START + timedelta(seconds=use),
            )
            for number, use in enumerate(uses)
        )  # fmt: skip
        by_use = F("last_used_at")
        expected = ApiKey.objects.order_by(
            by_use.desc(nulls_last=True) if descending else by_use.asc(nulls_last=True),
            "-pk" if descending else "pk",
        )
        ordering = "-last_used_at" if descending else "last_used_at"
        pages = pages_of(ApiKey.objects.order_by(ordering), size=size)
        assert joined(pages) == list(expected)
        self._walk_back(ordering, list(expected), size)

    def _walk_back(self, ordering: str, expected: list[ApiKey], size: int) -> None:
        if not expected:
            return
        keys = KeySet(model=ApiKey, ordering=ordering)
        found, row = [expected[-1]], expected[-1]
        while page := keys.page(
            ApiKey.objects.all(), cursor=keys.cursor_at(row, backwards=True), size=size
        ):
            found += page
            row = page[-1]
        assert found == expected[::-1]
