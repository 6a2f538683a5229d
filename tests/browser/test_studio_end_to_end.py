"""An editor changes a mail, from the first letter to the customers' inboxes and back.

Real processes: web, workers, beat, and an SMTP server that keeps what it gets.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import Browsing, Cookies
from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, Template, manage
from tests.support.studio_page import StudioPage
from tests.support.waiting import eventually

pytestmark = [pytest.mark.one_database, pytest.mark.timeout(240)]

EDITOR = "editor@example.com"
OLD, NEW = "상품이 발송되었습니다", "소포가 방금 출발했습니다"
WITHIN = 30.0  # seconds; a publish is in use within 5
MAKE_EDITOR = f"""
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
editor = User.objects.create_user("mina", email="{EDITOR}", is_staff=True)
editor.groups.add(Group.objects.get(name="Editor"))
client = Client()
client.force_login(editor)
print("session:" + client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    """Where all mail goes."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def stack(sink: SmtpSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole platform; in development mode, which serves scripts and styles as they are."""
    template = Template(tmp_path_factory.mktemp("studio-template"), server_url=None)
    environment = {"EMAIL_PROVIDERS": "smtp", "SMTP_URL": sink.url, "DEBUG": "true"}
    directory = tmp_path_factory.mktemp("studio-stack")
    with Stack(directory, template=template, environment=environment) as stack:
        yield stack
    template.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """An editor's page."""

    def sign_in(_role: str) -> Cookies:
        said = manage("shell", "-c", MAKE_EDITOR, environment=stack.environment)
        return {"sessionid": said.partition("session:")[2].split()[0]}

    browsing = Browsing(browser, url=f"http://127.0.0.1:{stack.port}", sign_in=sign_in)
    window = browsing("Editor")
    yield window.open("/admin/templates/")
    assert browsing.close() == []


@pytest.fixture
def picture(page: Page) -> Callable[[str], None]:
    """Takes a picture of a step into the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")

    def take(name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"studio-{name}.png")

    return take


def test_an_editor_changes_a_mail_and_takes_it_back(
    page: Page, stack: Stack, sink: SmtpSink, picture: Callable[[str], None]
) -> None:
    shipped = Shipping(stack, sink)
    assert NEW not in shipped.next_mail()  # and so there is a real mail to try the draft on

    page.get_by_role("link", name="Order shipped, ko: ").click()
    studio = StudioPage(page)
    studio.wait_until_open()
    studio.shows(OLD)
    studio.rewrite(OLD, NEW)
    studio.shows(NEW)
    studio.saved()
    picture("1-preview-follows")

    studio.rewrite(NEW, f"{NEW}: {{{{ shipment.carier }}}}")
    expect(studio.problems).to_have_count(1)
    expect(studio.problems).to_contain_text("'shipment' has no 'carier'")
    expect(studio.problems).to_contain_text("HTML · line 3")
    expect(page.locator(".cm-lintRange-error")).to_have_text("carier")
    expect(studio.stale).to_contain_text("The preview shows the last text that worked")
    studio.shows(NEW)
    picture("2-typo-marked")
    page.get_by_role("button", name="Change to “carrier”").click()
    expect(studio.problems).to_have_count(0)
    expect(studio.stale).to_be_hidden()
    studio.shows(f"{NEW}: Hanjin")
    studio.saved()

    studio.press("Send test")
    studio.notice(f"Sent to {EDITOR} through smtp")
    (test,) = sink.messages_to(EDITOR)
    assert test.message["Subject"].startswith("[Test] ")
    assert f"{NEW}: Hanjin" in html_of(test.message)
    picture("3-test-sent")

    studio.press("Publish")
    expect(studio.dialog).to_contain_text("1 would change")
    studio.dialog.get_by_label("Note").fill("Warmer words")
    picture("4-publish")
    studio.press("Publish")
    studio.notice("version 1 of order.shipped/ko is live")
    picture("5-published")
    eventually(lambda: NEW in shipped.next_mail(), within=WITHIN)
    assert NEW in shipped.next_mail()

    studio.press("History")
    expect(studio.dialog).to_contain_text("Warmer words")
    expect(studio.dialog.locator(".cm-merge-b")).to_contain_text(NEW)
    picture("6-history")
    studio.press("Roll back to this")
    studio.press("Roll back")
    studio.notice("Rolled back to the files")
    expect(page.locator(".cm-content:visible")).not_to_contain_text(NEW)
    picture("7-rolled-back")
    eventually(lambda: NEW not in shipped.next_mail(), within=WITHIN)
    assert NEW not in shipped.next_mail()


class Shipping:
    """Ships orders of Korean customers, and reads what they get."""

    def __init__(self, stack: Stack, sink: SmtpSink) -> None:
        self._stack, self._sink = stack, sink
        self._numbers = count(1)

    def next_mail(self) -> str:
        """Ship an order; return the HTML of the mail about it."""
        recipient = f"minji-{next(self._numbers)}@example.com"
        answer = self._stack.api.place_order(recipient, locale="ko")
        assert answer.status_code == 201, answer.text
        number = answer.json()["number"]
        self._stack.api.add_event(number, "paid", {})
        self._stack.api.add_event(number, "shipped", {"carrier": "Hanjin"})
        mails = eventually(lambda: self._about_shipping(recipient), within=WITHIN)
        return mails[0]

    def _about_shipping(self, recipient: str) -> list[str]:
        messages = [mail.message for mail in self._sink.messages_to(recipient)]
        return [html_of(one) for one in messages if OLD in str(one["Subject"])]


def html_of(message: object) -> str:
    """Return a message's HTML."""
    part = message.get_body(("html",))  # type: ignore[attr-defined]
    html: str = part.get_content()
    return html
