"""Notifications in the admin, as an operator, a viewer and a stranger see them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import AuditEntry
from notifications.models import Notification, ProviderEvent, Suppression
from notifications.states import Status
from orders.intake import NewLine, NewOrder
from orders.services import place_order

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


def test_the_second_to_press_is_told_that_the_mail_has_moved_on(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    dead = attempted("550 5.1.1 No such user")
    act(operator, dead, "redrive", reason="first")
    act(operator, dead, "redrive", reason="second")
    page = operator.get(f"{URL}{dead.id}/change/").content.decode()
    assert "Redrive: done." in page
    assert "moved on meanwhile" in page
    assert [entry.reason for entry in AuditEntry.objects.all()] == ["first"]


def test_no_page_that_is_opened_changes_anything(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted("550 5.1.1 No such user")
    before = Notification.objects.values().get(pk=row.pk)
    names = ("retry", "redrive", "resolve_arrived", "resolve_not_arrived", "cancel")
    for name in (*names, "suppress_address", "release_address", "change", "live", "history"):
        assert operator.get(f"{URL}{row.id}/{name}/").status_code == 200, name
    assert Notification.objects.values().get(pk=row.pk) == before
    assert not AuditEntry.objects.exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("name", ["redrive", "suppress_address", "change", "live"])
def test_an_id_that_is_none_is_not_found(operator: Client, name: str) -> None:
    for identifier in ("not-an-id", "01a20554-b83d-730b-a639-be4220701389"):
        address = f"{URL}{identifier}/{name}/"
        data = {"reason": "asked for", "_form_submitted": "on"}
        assert operator.get(address).status_code < 500
        assert operator.post(address, data).status_code < 500


def test_a_dialog_warns_of_a_second_copy_and_of_a_listed_address(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted("550 5.1.1 No such user")
    assert 'role="note"' not in operator.get(f"{URL}{row.id}/redrive/").content.decode()
    row.attempts.update(outcome="unknown")
    act(operator, row, "suppress_address")
    text = operator.get(f"{URL}{row.id}/redrive/").content.decode()
    assert "could get it twice" in text
    assert "release it first" in text


# --- what changes by itself


def test_the_changing_part_is_sent_again_only_when_it_has_changed(
    operator: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted("550 5.1.1 No such user")
    live = f"{URL}{row.id}/live/"
    digest = operator.get(live).content.decode().partition('data-digest="')[2].partition('"')[0]
    assert operator.get(live, {"seen": digest}).status_code == 204
    act(operator, row, "redrive")
    changed = operator.get(live, {"seen": digest})
    assert changed.status_code == 200
    assert "Queued" in changed.content.decode()


def test_the_record_tells_what_providers_and_people_said(
    operator: Client, viewer: Client, attempted: Callable[..., Notification]
) -> None:
    row = attempted()
    ProviderEvent.objects.create(
        provider="smtp",
        fingerprint="1",
        event_type="bounced",
        notification=row,
        payload={"Details": "mailbox full"},
    )
    act(operator, row, "suppress_address", reason="it bounces")
    AuditEntry.objects.create(
        actor_kind="user",
        actor_id="1",
        actor_label="ada",
        action="notification.redrive",
        target_type="notification",
        target_id=str(row.pk),
        reason="her words",
    )
    text = operator.get(f"{URL}{row.id}/change/").content.decode()
    assert "mailbox full" in text
    assert "her words" in text
    assert "her words" not in viewer.get(f"{URL}{row.id}/change/").content.decode()


def test_the_record_leads_to_the_order_and_its_other_mail(
    operator: Client, viewer: Client, settings: Any
) -> None:
    settings.SHOP_COPY_TO = ["shop@example.com"]
    order = place_order(
        NewOrder(
            number="SO-4711",
            customer_email="minji@example.com",
            customer_name="Kim Minji",
            currency="EUR",
            lines=(NewLine(name="Tea", quantity=1, unit_price=Decimal("12.50")),),
        )
    )
    mine, copy = Notification.objects.order_by("role")
    text = viewer.get(f"{URL}{mine.id}/change/").content.decode()
    assert f"/admin/orders/order/{order.pk}/change/" in text
    assert f"{URL}{copy.id}/change/" in text
    assert "12.50 EUR" in text
    assert "Auto-Submitted" in text
    settings.MASK_ADDRESSES = True
    assert "Kim Minji" not in viewer.get(f"{URL}{mine.id}/change/").content.decode()


# --- suppressions


def test_a_notifications_address_is_suppressed_and_released_from_its_page(
    operator: Client, viewer: Client, enqueued: Callable[..., Notification]
) -> None:
    row = enqueued(recipient="Minji@Example.com")
    assert act(viewer, row, "suppress_address").status_code == 403
    act(operator, row, "suppress_address", reason="she asked")
    assert Suppression.objects.get().address == "minji@example.com"
    page = operator.get(f"{URL}{row.id}/change/").content.decode()
    assert "on the suppression list" in page
    assert f"{row.id}/suppress_address/" not in page
    assert act(viewer, row, "release_address").status_code == 403
    act(operator, row, "release_address", reason="she asked again")
    assert not Suppression.objects.exists()
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "suppression.add",
        "suppression.release",
    ]


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
