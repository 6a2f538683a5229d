"""The site in Chromium: `browse("Operator")` opens a signed-in person's window on it.

    def test_a_viewer_sees_the_overview(browse: Browsing) -> None:
        window = browse("Viewer", size="phone")
        page = window.open("/admin/")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()

The site is a live server in this process, on the database that TEST_DATABASE names, with a Valkey.
Records may be made through the ORM at any time; `browse` needs no `db` fixture beside it.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import PATIENCE, Browsing, Cookies, Window, chromium
from tests.support.valkey import ValkeyServer

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and give it the time that a browser takes on a busy machine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module's tests.

    Not for the session: Playwright keeps an event loop running in this thread for as long as it
    lives, which other tests' asyncio, and another Playwright, would stumble over. Django takes that
    loop for a reason to refuse the ORM, hence the variable.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        with chromium() as found:
            yield found


@pytest.fixture
def browse(browser: Browser, valkey: ValkeyServer, live_server: Any) -> Iterator[Browsing]:
    """Opens windows on the site, and fails the test for what goes wrong in them."""
    browsing = Browsing(browser, url=live_server.url, sign_in=sign_in)
    yield browsing
    problems = browsing.close()
    assert problems == []


@pytest.fixture
def window(browse: Browsing) -> Window:
    """A superuser's window."""
    return browse("superuser")


@pytest.fixture
def page(window: Window) -> Page:
    """A superuser's page."""
    return window.page


@pytest.fixture
def phone(browse: Browsing) -> Page:
    """A superuser's page on a phone."""
    return browse("superuser", size="phone").page


def sign_in(role: str) -> Cookies:
    """Make a person of the role, and return the cookie of their session."""
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.test import Client

    name = f"{role.lower()}-{next(_numbers)}"
    user = User.objects.create_user(
        name, email=f"{name}@example.com", is_staff=True, is_superuser=role == "superuser"
    )
    if role != "superuser":
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave a picture of every window of a test in the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")
    browsing = getattr(item, "funcargs", {}).get("browse")
    if folder and isinstance(browsing, Browsing):
        for number, window in enumerate(browsing.windows):
            window.page.screenshot(path=Path(folder) / f"{item.name}-{number}.png")
