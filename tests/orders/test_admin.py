"""Orders in the admin: found, shown, and changed by nobody."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from orders.models import Order

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
    assert f"{reverse('admin:notifications_notification_changelist')}?q=TEA-7" in html
    assert "<b>Kim</b>" not in html


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
