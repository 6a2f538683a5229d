"""An operator finds what did not leave, learns why, and sees it leave; a viewer only looks.

Real processes: web, workers, beat, and an SMTP server that refuses and accepts as it is told.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import Browsing, Cookies, Window
from tests.support.smtp_sink import SmtpSink, refuse, slow
from tests.support.stack import Stack, Template, manage
from tests.support.waiting import eventually

pytestmark = [pytest.mark.one_database, pytest.mark.timeout(240)]

LIST = "/admin/notifications/notification/"
MANY = 500
COUNT = "SELECT count(*)"
ONE_DELIVERED = "SELECT id FROM notifications_notification WHERE status = 'delivered' LIMIT 1"
WITHIN = 60.0  # seconds, for 500 mails on a busy machine
PEOPLE = """
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
for role in ("Operator", "Viewer"):
    person = User.objects.create_user(role.lower(), is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)
    print(f"{role}:" + client.cookies[settings.SESSION_COOKIE_NAME].value)
"""
# The week of `manage.py demo`, and beside it a provider's bad hour: many dead, one in doubt.
BAD_HOUR = f"""
from notifications.models import Notification
from notifications.models.notification import new_id
from notifications.states import Status
row = Notification.objects.filter(status=Status.DELIVERED, event="order.placed").first()
Notification.objects.exclude(status__in=[Status.DELIVERED, Status.SENT]).delete()
row.provider_message_id, row.sent_at = "", None
row.status, row.error_kind, row.error_code = Status.FAILED, "permanent", "refused"
def copy(number, **changes):
    row.pk = new_id()
    row.idempotency_key, row.message_id = f"bad-{{number}}", f"<{{row.pk}}@shop.example.com>"
    row.reference, row.recipient = f"BAD-{{number}}", f"bad{{number}}@example.com"
    vars(row).update(changes)
    fields = Notification._meta.concrete_fields
    return Notification(**{{field.attname: getattr(row, field.attname) for field in fields}})
Notification.objects.bulk_create([copy(number) for number in range({MANY})])
doubt = copy("doubt", reference="DOUBT-1", status=Status.UNKNOWN, error_kind="unknown")
doubt.save(force_insert=True)
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    """Where all mail goes."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def stack(sink: SmtpSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole platform on demo data; development mode serves scripts and styles as they are."""
    template = Template(tmp_path_factory.mktemp("operations-template"), server_url=None)
    environment = {"EMAIL_PROVIDERS": "smtp", "SMTP_URL": sink.url, "DEBUG": "true"}
    directory = tmp_path_factory.mktemp("operations-stack")
    with Stack(directory, template=template, environment=environment) as stack:
        manage("demo", "--orders=12", "--yes", environment=stack.environment)
        manage("shell", "-c", BAD_HOUR, environment=stack.environment)
        yield stack
    template.close()


@pytest.fixture(scope="module")
def sessions(stack: Stack) -> dict[str, str]:
    """A session of a person of each role."""
    said = manage("shell", "-c", PEOPLE, environment=stack.environment)
    lines = [line.partition(":") for line in said.splitlines()]
    return {role: session for role, _, session in lines if role in {"Operator", "Viewer"}}


@pytest.fixture
def browsing(browser: Browser, stack: Stack, sessions: dict[str, str]) -> Iterator[Browsing]:
    """Opens windows on the stack."""

    def sign_in(role: str) -> Cookies:
        return {"sessionid": sessions[role]}

    browsing = Browsing(browser, url=f"http://127.0.0.1:{stack.port}", sign_in=sign_in)
    yield browsing
    assert browsing.close() == []


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Takes a picture of a step into the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"operations-{name}.png")

    return take


def stay(page: Page) -> None:
    """Mark the page as it stands, for `has_stayed`."""
    page.evaluate("window.untouched = true")


def has_stayed(page: Page) -> bool:
    """Whether the page has not been loaded again since `stay`."""
    return bool(page.evaluate("window.untouched === true"))


def give_reason(page: Page, reason: str) -> None:
    """Fill in and send the dialog that is open."""
    dialog = page.locator("#modal-content")
    dialog.get_by_label("Reason").fill(reason)
    with page.expect_navigation():
        dialog.locator("button[type=submit]").click()


def test_a_dead_letter_is_found_understood_and_sent_without_reloading(
    browsing: Browsing, stack: Stack, sink: SmtpSink, picture: Callable[[Page, str], None]
) -> None:
    address = "closed@example.com"
    sink.queue(refuse("550 5.1.1 No such user here"), to=address)
    stack.api.place_order(address, number="SO-4711").raise_for_status()
    eventually(lambda: stack.api.notification_of("SO-4711")["status"] == "failed", within=WITHIN)

    page = browsing("Operator").open(LIST)
    page.get_by_role("textbox").first.fill("so-47")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="SO-4711").click()
    outlook = page.locator("#outlook")
    expect(outlook).to_contain_text("Failed")
    expect(outlook).to_contain_text("It is not tried again unless a person redrives it.")
    page.get_by_text("The provider's own words").click()
    expect(page.locator(".pr-timeline pre")).to_contain_text("550 5.1.1")
    expect(page.frame_locator("#email").locator("body")).to_contain_text("SO-4711")
    expect(page.get_by_role("link", name="Order SO-4711")).to_be_visible()
    picture(page, "1-dead-letter")

    sink.queue(slow(1.0), to=address)
    page.get_by_role("button", name="Redrive").click()
    give_reason(page, "The mailbox is back")
    stay(page)
    expect(outlook).to_contain_text("Sent", timeout=WITHIN * 1000)
    assert has_stayed(page)
    expect(page.locator("#email-state")).to_have_text("The email that was sent")
    expect(page.locator(".pr-timeline")).to_contain_text("“The mailbox is back”")
    expect(page.get_by_role("button", name="Redrive")).to_have_count(0)
    assert len(sink.messages_to(address)) == 1
    picture(page, "2-sent")


def test_five_hundred_are_redriven_through_the_dry_run(
    browsing: Browsing, stack: Stack, sink: SmtpSink, picture: Callable[[Page, str], None]
) -> None:
    page = browsing("Operator").open(f"{LIST}?status=failed&q=BAD-")
    page.locator("#action-toggle").check()
    page.get_by_title("Click here to select the objects across all pages").click()
    page.locator("select[name=action]").select_option(label="Redrive")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#eligible")).to_contain_text(f"{MANY} notifications")
    expect(page.locator("#in-doubt")).to_have_text("0")
    expect(page.locator("#pace")).to_contain_text("smtp has no rate limit")
    assert stack.statuses()["failed"] == MANY, "a dry run changes nothing"
    picture(page, "3-dry-run")

    page.get_by_label("Reason").fill("The provider has mended it")
    page.get_by_role("button", name=f"Redrive: {MANY} notifications").click()
    stay(page)
    expect(page.locator("#live")).to_contain_text("Done", timeout=WITHIN * 1000)
    expect(page.locator("#progress")).to_have_text(f"{MANY} of {MANY}")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert has_stayed(page)
    picture(page, "4-done")
    sent = (
        f"{COUNT} FROM notifications_notification WHERE reference LIKE 'BAD-%' AND status = 'sent'"
    )
    eventually(lambda: stack.rows(sent) == [(MANY,)], within=WITHIN)
    addresses = [mail.message["To"] for mail in sink.messages if "bad" in str(mail.message["To"])]
    assert len(addresses) == len(set(addresses)) == MANY
    entries = f"{COUNT} FROM access_auditentry WHERE reason = 'The provider has mended it'"
    assert stack.rows(entries) == [(MANY + 1,)]


def test_a_mail_in_doubt_is_resolved(browsing: Browsing) -> None:
    page = browsing("Operator").open(f"{LIST}?tab=unknown")
    page.get_by_role("link", name="DOUBT-1").click()
    page.get_by_role("button", name="It arrived").click()
    give_reason(page, "She wrote back")
    expect(page.locator("#outlook")).to_contain_text("Sent")
    expect(page.locator(".pr-timeline")).to_contain_text("She wrote back")


def test_a_viewer_is_offered_nothing_and_refused_what_is_posted_by_hand(
    browsing: Browsing, stack: Stack
) -> None:
    window: Window = browsing("Viewer", size="phone", scheme="dark")
    page = window.open(LIST)
    expect(page.locator("input.action-select")).to_have_count(0)
    assert window.overflow() == 0
    [(key,)] = stack.rows(
        "SELECT id FROM notifications_notification WHERE status = 'delivered' LIMIT 1"
    )
    window.open(f"{LIST}{key}/change/")
    expect(page.locator("#outlook")).to_be_visible()
    expect(page.locator("#outlook").get_by_role("button")).to_have_count(0)
    assert window.overflow() == 0
    window.expect_error("403")
    before = stack.statuses()
    for path in (f"{LIST}{key}/redrive/", f"{LIST}{key}/suppress_address/", LIST):
        assert posted_by_hand(page, path) == 403, path
    assert stack.statuses() == before


def posted_by_hand(page: Page, path: str) -> int:
    """POST what the page's own form would, with its token; return the answer's status."""
    script = """async (path) => {
        const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
        const body = new URLSearchParams(
            {reason: "mine", _form_submitted: "on", action: "bulk_redrive", index: "0"});
        const answer = await fetch(path, {method: "POST", body, headers: {"X-CSRFToken": token}});
        return answer.status;
    }"""
    return int(page.evaluate(script, path))
