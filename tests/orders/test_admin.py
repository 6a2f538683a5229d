"""Orders in the admin: found, shown with their mail, placed as a test, and changed by nobody."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from access.models import AuditEntry
from notifications.models import Notification
from orders.models import Order

PLACE = "/admin/orders/order/place/"
Place = Callable[..., Order]
Happen = Callable[..., Order]


def test_an_order_is_found_by_its_number_and_customer(admin_client: Client, place: Place) -> None:
    place(number="TEA-7")
    place(number="TEA-8", customer_email="ada@example.com")
    page = admin_client.get(reverse("admin:orders_order_changelist"), {"q": "ada@example.com"})
    assert "TEA-8" in page.content.decode()
    assert "TEA-7" not in page.content.decode()


def test_an_orders_page_shows_lines_events_amounts_and_the_way_to_its_mail(
    admin_client: Client, place: Place, happen: Happen
) -> None:
    order = happen(place(number="TEA-7", customer_name="<b>Kim</b>"), "paid")
    page = admin_client.get(reverse("admin:orders_order_change", args=[order.pk]))
    html = page.content.decode()
    assert page.status_code == 200
    for text in ("Green tea", "27,000 KRW", "paid", "&lt;b&gt;Kim&lt;/b&gt;"):
        assert text in html
    assert "<b>Kim</b>" not in html
    for row in Notification.objects.filter(reference="TEA-7"):
        assert reverse("admin:notifications_notification_change", args=[row.pk]) in html


@pytest.mark.parametrize("term", ["tea-7", "TEA-7", "MINJI@example.com"])
def test_capital_letters_do_not_matter_to_the_search(
    admin_client: Client, place: Place, term: str
) -> None:
    place(number="TEA-7", customer_email="minji@example.com")
    place(number="CUP-7", customer_email="ada@example.com")
    page = admin_client.get(reverse("admin:orders_order_changelist"), {"q": term})
    assert "TEA-7" in page.content.decode()
    assert "CUP-7" not in page.content.decode()


# --- a test order


def user_of(role: str) -> Client:
    user = User.objects.create_user(role.lower(), email="me@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("locale", ["en", "ko"])
def test_an_operator_places_a_test_order_which_causes_mail(locale: str) -> None:
    client = user_of("Operator")
    assert 'value="me@example.com"' in client.get(PLACE).content.decode()
    assert not Order.objects.exists()
    form = {"email": "me@example.com", "name": "", "locale": locale, "basket": "three"}
    answer = client.post(PLACE, form)
    order = Order.objects.get()
    assert answer.headers["Location"] == reverse("admin:orders_order_change", args=[order.pk])
    assert (order.locale, order.metadata, order.lines.count()) == (locale, {"channel": "test"}, 3)
    assert Notification.objects.get().recipient == "me@example.com"
    assert AuditEntry.objects.get(action="order.place_test").target_id == str(order.pk)
    assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.django_db
def test_a_wrong_address_places_nothing() -> None:
    form = {"email": "nobody", "name": "", "locale": "en", "basket": "one"}
    answer = user_of("Operator").post(PLACE, form)
    assert answer.status_code == 200
    assert not Order.objects.exists()


@pytest.mark.parametrize("role", ["Viewer", "Editor"])
def test_who_may_only_look_neither_places_orders_nor_records_events(
    place: Place, role: str
) -> None:
    order, client = place(), user_of(role)
    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    record = reverse("admin:orders_order_record", args=[order.pk, "paid"])
    assert record not in page
    assert PLACE not in client.get(reverse("admin:orders_order_changelist")).content.decode()
    for address in (PLACE, record):
        assert client.get(address).status_code == 403
        assert client.post(address, {"email": "a@example.com"}).status_code == 403
    assert (Order.objects.count(), order.events.count()) == (1, 1)


# --- recording events


def test_an_event_is_recorded_by_post_with_its_data(place: Place, happen: Happen) -> None:
    order, client = happen(place(number="TEA-7"), "paid"), user_of("Operator")
    url = reverse("admin:orders_order_record", args=[order.pk, "shipped"])
    assert url in client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    form = client.get(url).content.decode()
    assert "Tracking number" in form
    assert order.events.count() == 2
    client.post(url, {"carrier": "UPS", "estimated_delivery": "2026-03-17"})
    event = order.events.get(type="shipped")
    assert event.data == {"carrier": "UPS", "estimated_delivery": "2026-03-17"}
    assert Notification.objects.filter(event="order.shipped").count() == 1
    assert AuditEntry.objects.get(action="order.record_event").data["event"] == "shipped"


def test_a_problem_is_told_beside_its_field(place: Place, happen: Happen) -> None:
    order = happen(place(), "paid")
    url = reverse("admin:orders_order_record", args=[order.pk, "refunded"])
    page = user_of("Operator").post(url, {"amount": "99999999"})
    assert page.status_code == 200
    assert order.events.count() == 2
    assert page.context["form"].errors["amount"]


@pytest.mark.parametrize("kind", ["delivered", "placed", "nonsense"])
def test_an_event_that_is_not_legal_now_is_not_recorded(place: Place, kind: str) -> None:
    order = place()
    url = reverse("admin:orders_order_record", args=[order.pk, kind])
    assert user_of("Operator").post(url, {}).status_code in {302, 404}
    assert order.events.count() == 1


def test_who_may_not_see_addresses_sees_none(place: Place, settings: Settings) -> None:
    settings.MASK_ADDRESSES = True
    order = place(customer_email="minji@example.com", customer_name="Kim Minji")
    client = user_of("Viewer")
    for url in (
        reverse("admin:orders_order_changelist"),
        reverse("admin:orders_order_change", args=[order.pk]),
    ):
        page = client.get(url).content.decode()
        assert "minji@example.com" not in page
        assert "Kim Minji" not in page
    order.refresh_from_db()
    assert order.customer_email == "minji@example.com"


def test_nobody_adds_changes_or_deletes_an_order(admin_client: Client, place: Place) -> None:
    order = place()
    for name, arguments in (("add", []), ("delete", [order.pk])):
        address = reverse(f"admin:orders_order_{name}", args=arguments)
        assert admin_client.get(address).status_code == 403
    changed = admin_client.post(
        reverse("admin:orders_order_change", args=[order.pk]), {"customer_name": "Somebody else"}
    )
    assert changed.status_code == 403
    order.refresh_from_db()
    assert order.customer_name == "Kim Minji"
