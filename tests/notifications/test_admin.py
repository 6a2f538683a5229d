"""Notifications in the admin, as an operator, a viewer and a stranger see them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import AuditEntry
from notifications.models import Notification, Suppression
from notifications.states import Status

URL = "/admin/notifications/notification/"
RECORDS = ("deliveryattempt", "providerevent", "suppression", "heartbeat", "deliveryrollup")

pytestmark = pytest.mark.django_db


def act(client: Client, row: Notification, name: str, reason: str = "asked for") -> Any:
    data = {"reason": reason, "_form_submitted": "on"}
    return client.post(f"{URL}{row.id}/{name}/", data)


# --- what is shown


def test_the_list_shows_what_an_operator_looks_for(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted("451 4.3.0 Try again later")
    page = operator.get(URL)
    assert page.status_code == 200
    text = page.content.decode()
    for shown in (row.reference, row.recipient, row.event, "Retrying", row.error_summary):
        assert shown in text


@pytest.mark.parametrize("by", ["reference", "recipient", "id"])
def test_a_notification_is_found_by_order_address_and_id(
    operator: Client, enqueued: Callable[..., Notification], by: str
) -> None:
    wanted = enqueued(reference="SO-4711", recipient="wanted@example.com")
    other = enqueued(reference="XX-1", recipient="other@example.com")
    text = operator.get(URL, {"q": str(getattr(wanted, by))}).content.decode()
    assert str(wanted.id) in text
    assert str(other.id) not in text


def test_the_record_tells_where_it_stands_beside_the_mail(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted("451 4.3.0 Try again later")
    text = operator.get(f"{URL}{row.id}/change/").content.decode()
    assert "It is tried again" in text
    assert row.error_summary in text
    assert "To be tried again." in text
    assert 'sandbox=""' in text
    assert "&lt;b&gt;Minji&lt;/b&gt;" in text, "the mail is escaped into srcdoc"
    assert "<b>Minji</b>" not in text


def test_a_record_without_a_renderable_mail_says_why(
    operator: Client, enqueued: Callable[..., Notification], greeting_templates: Any
) -> None:
    row = enqueued()
    (greeting_templates / "body.html.jinja").write_text("<p>{{ nmae }}</p>", encoding="utf-8")
    text = operator.get(f"{URL}{row.id}/change/").content.decode()
    assert "body.html.jinja:1" in text
    Notification.objects.filter(pk=row.pk).update(erased_at=timezone.now())
    assert "was erased" in operator.get(f"{URL}{row.id}/change/").content.decode()


@pytest.mark.parametrize("name", RECORDS)
def test_the_other_records_can_be_read(
    viewer: Client, attempted: Callable[..., Notification], name: str
) -> None:
    attempted()
    assert viewer.get(f"/admin/notifications/{name}/").status_code == 200


def test_a_record_cannot_be_edited(operator: Client, enqueued: Callable[..., Notification]) -> None:
    row = enqueued()
    assert (
        operator.post(f"{URL}{row.id}/change/", {"recipient": "x@example.com"}).status_code == 403
    )
    assert operator.get(f"{URL}add/").status_code == 403
    assert operator.post(f"{URL}{row.id}/delete/", {"post": "yes"}).status_code == 403


# --- what can be done


def test_only_what_is_possible_is_offered(
    operator: Client, viewer: Client, attempted: Callable[..., Notification]
) -> None:
    dead, sent = attempted("550 5.1.1 No such user"), attempted()
    dead_page = operator.get(f"{URL}{dead.id}/change/").content.decode()
    assert f"{dead.id}/redrive/" in dead_page
    assert f"{dead.id}/retry/" not in dead_page
    assert f"{sent.id}/redrive/" not in operator.get(f"{URL}{sent.id}/change/").content.decode()
    assert f"{dead.id}/redrive/" not in viewer.get(f"{URL}{dead.id}/change/").content.decode()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("retry", Status.RETRYING, Status.RETRYING),
        ("cancel", Status.RETRYING, Status.CANCELLED),
        ("redrive", Status.FAILED, Status.QUEUED),
        ("resolve_arrived", Status.UNKNOWN, Status.SENT),
        ("resolve_not_arrived", Status.UNKNOWN, Status.QUEUED),
    ],
)
def test_an_action_needs_a_post_and_a_reason_and_is_audited(
    operator: Client,
    enqueued: Callable[..., Notification],
    name: str,
    before: Status,
    after: Status,
) -> None:
    row = enqueued()
    later = timezone.now() + timedelta(hours=1)
    Notification.objects.filter(pk=row.pk).update(status=before, next_attempt_at=later)
    assert "reason" in operator.get(f"{URL}{row.id}/{name}/").content.decode()
    act(operator, row, name, reason="")
    assert Notification.objects.get(pk=row.pk).status == before
    assert AuditEntry.objects.count() == 0
    answer = act(operator, row, name)
    assert answer.headers["HX-Redirect"] == f"{URL}{row.id}/change/"
    assert Notification.objects.get(pk=row.pk).status == after
    entry = AuditEntry.objects.get()
    assert (entry.actor_label, entry.reason) == ("operator", "asked for")


@pytest.mark.parametrize("name", ["retry", "cancel", "redrive", "resolve_arrived"])
def test_a_viewer_cannot_act(
    viewer: Client, enqueued: Callable[..., Notification], name: str
) -> None:
    assert act(viewer, enqueued(), name).status_code == 403
    assert AuditEntry.objects.count() == 0


# --- suppressions


def test_an_operator_adds_and_releases_an_address(operator: Client) -> None:
    operator.post(
        "/admin/notifications/suppression/add/", {"address": " Ada@Example.com ", "note": "asked"}
    )
    suppression = Suppression.objects.get()
    assert (suppression.address, suppression.reason) == ("ada@example.com", "manual")
    again = operator.post(
        "/admin/notifications/suppression/add/", {"address": "ADA@example.com", "note": ""}
    )
    assert "suppressed already" in again.content.decode()
    release = f"/admin/notifications/suppression/{suppression.pk}/release/"
    operator.post(release, {"_form_submitted": "on", "reason": ""})
    assert Suppression.objects.exists()
    assert operator.post(release.replace("release", "delete"), {"post": "yes"}).status_code == 403
    operator.post(release, {"_form_submitted": "on", "reason": "The mailbox is back."})
    assert not Suppression.objects.exists()
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "suppression.add",
        "suppression.release",
    ]
