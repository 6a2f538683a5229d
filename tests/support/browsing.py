"""Chromium as people use it: windows of their own, signed in, watched for what goes wrong.

A window fails its test when the console shows an error, a script throws, or the page asks any host
but the site's own. What a test provokes on purpose it names before: `window.expect_error("403")`.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

Size = Literal["desktop", "phone"]
Scheme = Literal["light", "dark"]
Cookies = dict[str, str]
SignIn = Callable[[str], Cookies]
"""Makes a person of a role (a group's name, or `superuser`); returns the cookies of a session."""

VIEWPORTS: dict[Size, tuple[int, int]] = {"desktop": (1440, 900), "phone": (390, 844)}
# Nothing outside this machine can be reached even by a page that tries.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
PATIENCE = 15_000  # milliseconds; a slow machine is no failure


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; skip the test where there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", OFFLINE]
        )
        yield browser
        browser.close()


class Window:
    """One person's window on the site; `page` is Playwright's."""

    def __init__(self, context: BrowserContext, *, url: str) -> None:
        self.url = url
        self.context = context
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self._expected = ["/favicon.ico"]  # which browsers ask for beside pages that are no HTML
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        self.page.on("request", lambda request: self._check_host(request.url))

    def open(self, path: str) -> Page:
        """Go to a path of the site, and return the page."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def expect_error(self, text: str) -> None:
        """Let errors pass that hold `text`, such as a status that the test provokes."""
        self._expected.append(text)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wider))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and not url.startswith(self.url):
            self._note(f"foreign host: {url}")

    def _note(self, problem: str) -> None:
        if not any(text in problem for text in self._expected):
            self.problems.append(problem)


class Browsing:
    """Opens windows on one site, and knows what went wrong in any of them."""

    def __init__(self, browser: Browser, *, url: str, sign_in: SignIn) -> None:
        self.url = url.rstrip("/")
        self._browser = browser
        self._sign_in = sign_in
        self.windows: list[Window] = []

    def __call__(
        self,
        role: str | None = None,
        *,
        size: Size = "desktop",
        scheme: Scheme = "light",
        locale: str = "en-US",
    ) -> Window:
        """Open a window of a new person; with no role, of a stranger.

        Args:
            role: `Operator`, `Editor`, `Viewer` or `superuser`.
            size: how wide the window is; a phone has a touch screen too.
            scheme: which colours the person prefers.
            locale: the browser's language.
        """
        width, height = VIEWPORTS[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=size == "phone",
            is_mobile=size == "phone",
            color_scheme=scheme,
            locale=locale,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        if role is not None:
            context.add_cookies(
                [
                    {"name": name, "value": value, "url": self.url}
                    for name, value in self._sign_in(role).items()
                ]
            )
        window = Window(context, url=self.url)
        self.windows.append(window)
        return window

    def close(self) -> list[str]:
        """Close all windows; return what went wrong in them."""
        for window in self.windows:
            window.context.close()
        return [problem for window in self.windows for problem in window.problems]
