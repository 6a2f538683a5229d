"""No page of the site breaks its own Content-Security-Policy: the window hears of each breach."""

from tests.support.browsing import Browsing


def test_the_documentation_of_the_api_shows_under_its_policy(browse: Browsing) -> None:
    page = browse("Viewer").open("/api/docs/")
    page.get_by_text("Orders and their events in").wait_for()
    page.locator(".opblock").first.wait_for()


def test_the_admin_shows_under_its_policy(browse: Browsing) -> None:
    window = browse("Operator")
    for path in ("/admin/", "/admin/notifications/notification/", "/admin/orders/order/"):
        window.open(path).locator("main, #main, #content").first.wait_for()
