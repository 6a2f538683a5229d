"""A mail that is shown in a page can run nothing and load nothing, by its own policy alone."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request

from studio.previews import document

pytestmark = pytest.mark.one_database

BAD = """<html><head><link rel="stylesheet" href="https://evil.example.com/a.css">
<style>@import "https://evil.example.com/b.css"; @font-face { font-family: f;
src: url(https://evil.example.com/f.woff) } p { font-family: f;
background: url("https://evil.example.com/c.png") }</style>
</head><body>
<script>parent.document.title = "run"; window.ran = true;</script>
<img src="https://evil.example.com/d.png" onerror="window.ran = true">
<img src="x" onerror="window.ran = true"><svg onload="window.ran = true"></svg>
<iframe src="https://evil.example.com/e"></iframe><object data="https://evil.example.com/f">
</object><video src="https://evil.example.com/g"></video><audio autoplay
src="https://evil.example.com/h"></audio><embed src="https://evil.example.com/i">
<form action="https://evil.example.com/j"><button id="go">go</button></form>
<base href="https://evil.example.com/">
<a id="link" href="https://evil.example.com/l">a</a>
<a id="away" href="javascript:window.ran = true">a</a>
<p style="background-image: url(https://evil.example.com/k.png)">text</p></body></html>"""

AWAY = '<meta http-equiv="refresh" content="0; url=https://evil.example.com/away">'


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, in which every request is seen."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def watched(page: Page) -> list[Request]:
    """Return the list that every request of a page is added to."""
    asked: list[Request] = []

    def note(request: Request) -> None:  # Playwright does not take a list's own method
        asked.append(request)

    page.on("request", note)
    return asked


def left_the_machine(asked: list[Request]) -> list[str]:
    """Return the addresses that were asked; what the policy stops is announced, but never sent."""
    return [one.url for one in asked if "evil" in one.url and one.failure != "csp"]


def show(page: Page, mail: str, *, sandbox: str) -> None:
    """Show a mail in a frame as the studio does, and touch what can be touched in it."""
    inside = base64.b64encode(document(mail).encode()).decode()
    page.set_content(
        f"<title>quiet</title><iframe {sandbox} id=mail></iframe>"
        "<script>const bytes = Uint8Array.from(atob("
        f"'{inside}'), (c) => c.charCodeAt(0));"
        "document.getElementById('mail').srcdoc = new TextDecoder().decode(bytes);</script>"
    )
    frame = page.frame_locator("#mail")
    for touched in ("#go", "#away"):
        frame.locator(touched).click()


def test_in_its_sandbox_a_mail_runs_nothing_asks_nobody_and_leads_nowhere(page: Page) -> None:
    asked = watched(page)

    show(page, AWAY + BAD, sandbox='sandbox=""')
    page.frame_locator("#mail").locator("#link").click()
    page.wait_for_load_state("networkidle")

    assert page.title() == "quiet"
    assert left_the_machine(asked) == []
    assert len(page.context.pages) == 1
    assert page.frame_locator("#mail").locator("#link").is_visible()


def test_by_its_policy_alone_a_mail_runs_nothing_and_asks_nobody(page: Page) -> None:
    asked = watched(page)

    show(page, BAD, sandbox="")
    page.wait_for_load_state("networkidle")

    assert page.title() == "quiet"
    assert left_the_machine(asked) == []
    shown = page.frames[1]
    assert shown.evaluate("window.ran === undefined")
    assert shown.evaluate("getComputedStyle(document.querySelector('p')).fontFamily") == "f"
