"""The shipped templates as a person sees them, in Chromium: nothing sticks out, all can be read."""

import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from templating import contracts
from templating.rendering import render

pytestmark = [pytest.mark.browser, pytest.mark.one_database]
EVENTS = [
    contract.event for contract in contracts.registered() if contract.event.startswith("order.")
]
PHONE = 320
AA = 4.5  # WCAG's contrast for text of ordinary size
FAINT_TEXTS = """(least) => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  return [...document.body.querySelectorAll("*:not(.preheader)")]
    .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((element) => contrast(getComputedStyle(element).color, ground(element)) < least)
    .map((element) => element.outerHTML);
}"""


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_text_stands_out_from_its_ground(
    phone: Page, event: str, locale: str, scheme: Literal["light", "dark"]
) -> None:
    sample = contracts.get(event).samples["the shop's own copy"]  # it has the banner as well
    rendered = render(event=event, locale=locale, context=sample.model_dump(mode="json"))
    phone.emulate_media(color_scheme=scheme)
    phone.set_content(rendered.html, wait_until="domcontentloaded")
    assert phone.evaluate(FAINT_TEXTS, AA) == []
