"""The shipped templates as a person sees them, in Chromium: nothing sticks out on a phone."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from templating import contracts
from templating.rendering import render

pytestmark = pytest.mark.browser
EVENTS = [
    contract.event for contract in contracts.registered() if contract.event.startswith("order.")
]
PHONE = 320


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    """A page as wide as the narrowest phone, with nothing to load from outside."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": PHONE, "height": 640})
        page.route("**/*", lambda route: route.abort())
        yield page
        browser.close()


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("event", EVENTS)
def test_no_sample_scrolls_sideways_on_a_phone(phone: Page, event: str, locale: str) -> None:
    for name, sample in contracts.get(event).samples.items():
        rendered = render(event=event, locale=locale, context=sample.model_dump(mode="json"))
        phone.set_content(rendered.html, wait_until="domcontentloaded")
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE, name
