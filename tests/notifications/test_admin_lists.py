"""The list of notifications: tabs, filters, search and pages, and what they cost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import keyset
from notifications.admin import search
from notifications.admin.badges import attention_badge
from notifications.admin.notification import NotificationAdmin
from notifications.models import AttemptOutcome, DeliveryAttempt, NextStep, Notification, Phase
from notifications.states import Status

URL = "/admin/notifications/notification/"
Enqueued = Callable[..., Notification]

pytestmark = pytest.mark.django_db


def put(row: Notification, **changes: Any) -> Notification:
    Notification.objects.filter(pk=row.pk).update(**changes)
    return row


def listed(client: Client, **parameters: str) -> list[str]:
    """Return the references that the list shows, in its order."""
    page = client.get(URL, parameters)
    assert page.status_code == 200
    return [row.reference for row in page.context["cl"].result_list]


def dead(enqueued: Enqueued, **changes: Any) -> Notification:
    return put(enqueued(**changes), status=Status.FAILED, relay_at=None)


def try_once(row: Notification, **changes: Any) -> None:
    values: dict[str, Any] = {
        "ticket": 1,
        "number": 1,
        "provider": "smtp",
        "phase": Phase.RESPONSE,
        "outcome": AttemptOutcome.TRANSIENT,
        "started_at": timezone.now(),
        "duration": timedelta(milliseconds=12),
        "next_step": NextStep.RETRY,
    }
    DeliveryAttempt.objects.create(notification=row, **(values | changes))


def test_tabs_hold_what_needs_a_person_what_is_retried_and_what_is_unknown(
    operator: Client, enqueued: Enqueued
) -> None:
    enqueued(reference="WAITING")
    dead(enqueued, reference="DEAD")
    put(enqueued(reference="DOUBT"), status=Status.UNKNOWN, relay_at=None)
    put(enqueued(reference="AGAIN"), status=Status.RETRYING, next_attempt_at=timezone.now())
    assert listed(operator) == ["AGAIN", "DOUBT", "DEAD", "WAITING"]
    assert listed(operator, tab="attention") == ["DOUBT", "DEAD"]
    assert listed(operator, tab="retrying") == ["AGAIN"]
    assert listed(operator, tab="unknown") == ["DOUBT"]
    tabs = operator.get(URL).context["cl"].tabs
    assert [int(tab["count"]) for tab in tabs] == [4, 2, 1, 1]


def test_nothing_is_counted_beyond_a_bound(
    operator: Client, enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch, rf: Any
) -> None:
    monkeypatch.setattr(keyset, "COUNTED", 2)
    for _ in range(4):
        dead(enqueued)
    page = operator.get(URL, {"tab": "attention"})
    assert [str(tab["count"]) for tab in page.context["cl"].tabs] == ["2+", "2+", "0", "0"]
    assert attention_badge(rf.get("/")) == "2+"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("status", "failed"),
        ("event", "test.farewell"),
        ("provider", "elsewhere"),
        ("error", "permanent"),
        ("age", "older"),
    ],
)
def test_each_filter_narrows_the_list(
    operator: Client, enqueued: Enqueued, parameter: str, value: str
) -> None:
    enqueued(reference="OTHER")
    put(
        enqueued(reference="WANTED"),
        status=Status.FAILED,
        relay_at=None,
        event="test.farewell",
        provider="elsewhere",
        error_kind="permanent",
        created_at=timezone.now() - timedelta(days=8),
    )
    assert listed(operator, **{parameter: value}) == ["WANTED"]


def test_filters_offer_what_there_is_without_reading_the_table(
    operator: Client, enqueued: Enqueued
) -> None:
    put(enqueued(), provider="a-former-provider", event="an.old.event")
    text = operator.get(URL).content.decode()
    assert "a-former-provider" in text
    assert "an.old.event" in text


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("so-47", ["SO-4711"]),
        ("SO-4711", ["SO-4711"]),
        ("Minji@example.com", ["SO-4711"]),
        ("minji", ["SO-4711"]),
        ("%", []),
        ("SO_4711", []),
        ("4711", []),
        ("' OR 1=1", []),
    ],
)
def test_search_finds_beginnings_in_any_spelling_and_knows_no_wildcards(
    operator: Client, enqueued: Enqueued, term: str, found: list[str]
) -> None:
    enqueued(reference="SO-4711", recipient="minji@example.com")
    enqueued(reference="XX-1", recipient="other@example.com")
    assert listed(operator, q=term) == found


def test_a_search_that_finds_too_much_says_so_and_shows_the_nearest(
    operator: Client, enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 2)
    for reference in ("SO-10", "SO-100", "SO-1", "SO-11"):
        enqueued(reference=reference)
    page = operator.get(URL, {"q": "SO-1"})
    assert {row.reference for row in page.context["cl"].result_list} == {"SO-1", "SO-10"}
    assert "The first 2 matches are shown" in page.content.decode()


def test_pages_follow_each_other_both_ways_without_gap_or_double(
    operator: Client, enqueued: Enqueued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotificationAdmin, "list_per_page", 3)
    now = timezone.now()
    for number in range(8):
        # Three of the same moment straddle two pages.
        at = now if 2 <= number <= 4 else now + timedelta(seconds=number - 3)
        put(enqueued(reference=f"N{number}"), created_at=at)
    order = listed(operator)
    seen, pages = list(order), []
    link = operator.get(URL).context["cl"].older_link
    while True:
        changes = operator.get(URL + link).context["cl"]
        pages.append(changes)
        seen += [row.reference for row in changes.result_list]
        if not changes.older:
            break
        link = changes.older_link
    assert sorted(seen) == sorted(f"N{number}" for number in range(8))
    assert len(seen) == 8
    back = operator.get(URL + pages[-1].newer_link).context["cl"]
    assert [row.reference for row in back.result_list] == seen[3:6]
    first = operator.get(URL + back.newer_link).context["cl"]
    assert [row.reference for row in first.result_list] == order
    assert not first.newer


def test_a_made_up_page_leads_back_to_the_list(operator: Client, enqueued: Enqueued) -> None:
    enqueued()
    for token in ("x", "2026-01-01~x", "~"):
        answer = operator.get(URL, {"older": token})
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith("?e=1")


@pytest.mark.parametrize("parameters", [{}, {"tab": "attention"}, {"q": "SO"}, {"error": "lost"}])
def test_more_rows_cost_no_more_queries(
    operator: Client, enqueued: Enqueued, parameters: dict[str, str]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert operator.get(URL, parameters).status_code == 200
        return len(captured)

    def add(number: int) -> None:
        for _ in range(number):
            row = dead(enqueued)
            put(row, error_kind="lost", reference="SO-1")
            try_once(row)

    add(2)
    few = queries()
    add(20)
    assert queries() == few
    assert few <= 20


def test_attempts_expand_in_the_list(operator: Client, enqueued: Enqueued) -> None:
    row = enqueued()
    try_once(row, summary="The provider is overloaded.", status_code=503)
    text = operator.get(URL).content.decode()
    assert "The provider is overloaded." in text
    assert "To be tried again." in text


def test_the_next_attempt_counts_down(operator: Client, enqueued: Enqueued) -> None:
    at = timezone.now() + timedelta(minutes=5)
    put(enqueued(), status=Status.RETRYING, next_attempt_at=at)
    assert f'data-countdown datetime="{at.isoformat()}"' in operator.get(URL).content.decode()


@pytest.mark.parametrize("name", ["deliveryattempt", "providerevent"])
def test_the_other_lists_are_searched_by_order_too(
    operator: Client, enqueued: Enqueued, name: str
) -> None:
    wanted, other = enqueued(reference="SO-1"), enqueued(reference="XX-1")
    for row in (wanted, other):
        try_once(row)
        row.provider_events.create(provider="smtp", fingerprint=str(row.pk), event_type="delivered")
    page = operator.get(f"/admin/notifications/{name}/", {"q": "SO-1"})
    assert [found.notification_id for found in page.context["cl"].result_list] == [wanted.pk]
