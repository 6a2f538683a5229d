"""The admin's home in a browser: it refreshes by itself, and fits every window."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from notifications import rollups
from notifications.rollups import Tally, minute_of
from orders.services import place_order
from tests.orders.requests import new_order
from tests.support.browsing import Browsing, Scheme, Size
from tests.support.waiting import eventually


def mail_was_sent(times: int) -> None:
    """Count mail as the recorder does."""
    tally = Tally()
    for _ in range(times):
        tally.add(timedelta(seconds=2))
    key = (minute_of(timezone.now()), "", "order.placed", "sent")
    rollups.add({key: tally})


def test_figures_refresh_by_themselves_and_what_a_person_opened_stays_open(
    browse: Browsing,
) -> None:
    mail_was_sent(3)
    window = browse("Operator")
    window.page.clock.install()
    page = window.open("/admin/")
    figure = page.locator(".overview-figure.is-sent .overview-value")
    expect(figure).to_have_text("3")
    page.get_by_role("group").get_by_text("Show as a table").click()
    mail_was_sent(4)
    page.clock.run_for(6_000)
    expect(figure).to_have_text("7")
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_role("link", name="Week").click()
    expect(page.get_by_role("link", name="Week")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_role("link", name="Week")).to_have_attribute("aria-current", "true")


@pytest.mark.one_database
def test_a_server_that_is_away_is_said_to_be_and_found_again(browse: Browsing) -> None:
    window = browse("Viewer")
    window.expect_error("ERR_INTERNET_DISCONNECTED")
    window.page.clock.install()
    page = window.open("/admin/")
    window.context.set_offline(True)
    told = page.get_by_role("status")
    eventually(lambda: after(10, page) and "does not answer" in told.inner_text(), within=30)
    window.context.set_offline(False)
    eventually(lambda: after(10, page) and "Updated" in told.inner_text(), within=30)


def after(seconds: int, page: Page) -> bool:
    """Let so much of the page's own time pass."""
    page.clock.run_for(seconds * 1000)
    return True


@pytest.mark.one_database
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_nothing_sticks_out(browse: Browsing, size: Size, scheme: Scheme) -> None:
    mail_was_sent(12_345)
    window = browse("superuser", size=size, scheme=scheme)
    page = window.open("/admin/")
    expect(page.get_by_role("heading", name="Throughput and failures")).to_be_visible()
    assert window.overflow() == 0


@pytest.mark.one_database
def test_no_page_is_wider_than_a_phone(browse: Browsing) -> None:
    order = place_order(new_order(number="TEA-7"))
    window = browse("superuser", size="phone")
    for path in (
        "/admin/orders/order/",
        f"/admin/orders/order/{order.pk}/change/",
        f"/admin/orders/order/{order.pk}/record/paid/",
        "/admin/orders/order/place/",
        "/admin/access/apikey/add/",
        "/admin/access/auditentry/",
        "/admin/notifications/suppression/add/",
        "/admin/password_change/",
    ):
        window.open(path)
        assert window.overflow() == 0, path
