"""Many at once in the admin: the dry run's page, its confirmation, who may do it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from notifications import bulk
from notifications.models import BulkOperation, Notification
from notifications.states import Status

LIST = "/admin/notifications/notification/"
OPERATIONS = "/admin/notifications/bulkoperation/"
Enqueued = Callable[..., Notification]

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead(enqueued: Enqueued) -> list[Notification]:
    """Three dead letters."""
    rows = [enqueued(reference=f"DEAD-{number}") for number in range(3)]
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.FAILED, relay_at=None
    )
    return rows


def choose(client: Client, rows: list[Notification], *, action: str = "bulk_redrive") -> Any:
    return client.post(
        LIST, {"action": action, "index": "0", "_selected_action": [str(row.pk) for row in rows]}
    )


def test_a_selection_leads_to_a_dry_run_that_does_nothing(
    operator: Client, dead: list[Notification], enqueued: Enqueued
) -> None:
    answer = choose(operator, [*dead[:2], enqueued()])
    operation = BulkOperation.objects.get()
    assert answer.headers["Location"] == f"{OPERATIONS}{operation.pk}/change/"
    text = operator.get(answer.headers["Location"]).content.decode()
    assert "This concerns 2 notifications." in text
    assert "1 Queued" in text
    assert "Nothing has been done yet." in text
    assert "no rate limit" in text
    assert Notification.objects.filter(status=Status.FAILED).count() == 3


def test_a_whole_filter_is_chosen_as_it_was_shown(
    operator: Client, dead: list[Notification], enqueued: Enqueued
) -> None:
    enqueued()
    chosen = {
        "action": "bulk_redrive",
        "index": "0",
        "select_across": "1",
        "_selected_action": [str(dead[0].pk)],
    }
    operator.post(f"{LIST}?tab=attention&q=DEAD", chosen)
    operation = BulkOperation.objects.get()
    assert (operation.total, operation.plan["passed_over"]) == (3, {})
    assert "tab: attention" in operation.selection
    assert "DEAD" not in operation.selection, "a search may hold an address"


def test_it_starts_with_a_reason_only_and_once(operator: Client, dead: list[Notification]) -> None:
    choose(operator, dead)
    operation = BulkOperation.objects.get()
    start = f"{OPERATIONS}{operation.pk}/start/"
    refused = operator.post(start, {"reason": " "})
    assert refused.status_code == 200
    assert "errors" in refused.content.decode()
    operation.refresh_from_db()
    assert operation.is_planned

    operator.post(start, {"reason": "the mailbox is back"})
    operation.refresh_from_db()
    assert (operation.reason, operation.actor_label) == ("the mailbox is back", "operator")
    again = operator.post(start, {"reason": "again"}, follow=True)
    assert "somebody started it before" in again.content.decode()

    for chunk in operation.chunks.all():
        bulk.run_chunk(chunk.pk)
    assert Notification.objects.filter(status=Status.QUEUED).count() == 3
    live = operator.get(f"{OPERATIONS}{operation.pk}/live/")
    assert "3 of 3" in live.content.decode()


def test_a_plan_can_be_thrown_away(operator: Client, dead: list[Notification]) -> None:
    choose(operator, dead)
    operation = BulkOperation.objects.get()
    operator.post(f"{OPERATIONS}{operation.pk}/stop/")
    answer = operator.post(f"{OPERATIONS}{operation.pk}/start/", {"reason": "after all"})
    assert answer.status_code == 302
    assert not bulk.run(operation.pk)
    assert Notification.objects.filter(status=Status.FAILED).count() == 3


@pytest.mark.parametrize("action", ["redrive", "retry", "cancel", "resolve_arrived"])
def test_a_viewer_who_posts_by_hand_is_refused(
    viewer: Client, operator: Client, dead: list[Notification], action: str
) -> None:
    assert choose(viewer, dead, action=f"bulk_{action}").status_code == 403
    assert not BulkOperation.objects.exists()


def test_a_viewer_may_look_at_an_operation_and_not_start_or_stop_it(
    viewer: Client, operator: Client, dead: list[Notification]
) -> None:
    choose(operator, dead)
    address = f"{OPERATIONS}{BulkOperation.objects.get().pk}"
    page = viewer.get(f"{address}/change/")
    assert page.status_code == 200
    assert "<textarea" not in page.content.decode()
    for name in ("start", "stop"):
        assert viewer.post(f"{address}/{name}/", {"reason": "because"}).status_code == 403
    assert BulkOperation.objects.get().is_planned


@pytest.mark.parametrize("name", ["start", "stop"])
def test_a_get_changes_nothing(operator: Client, dead: list[Notification], name: str) -> None:
    choose(operator, dead)
    operation = BulkOperation.objects.get()
    assert operator.get(f"{OPERATIONS}{operation.pk}/{name}/").status_code == 403
    operation.refresh_from_db()
    assert operation.is_planned


def test_a_form_from_elsewhere_is_refused(dead: list[Notification], operator: Client) -> None:
    choose(operator, dead)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    address = f"{OPERATIONS}{BulkOperation.objects.get().pk}/start/"
    assert strict.post(address, {"reason": "because"}).status_code == 403


def test_the_operations_of_the_past_are_listed(operator: Client, dead: list[Notification]) -> None:
    choose(operator, dead)
    text = operator.get(OPERATIONS).content.decode()
    assert "Redrive #" in text
    assert "Not confirmed" in text
