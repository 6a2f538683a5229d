"""The studio's pages: two editors at once, lost connections, hostile templates, phones, rights."""

import socket

import pytest
from django.db import transaction
from playwright.sync_api import expect

from notifications.models import Role
from notifications.outbox import NewNotification, enqueue
from studio.models import DraftRevision
from templating import contracts
from tests.support.browsing import Browsing, Scheme, Window
from tests.support.studio_page import StudioPage

pytestmark = pytest.mark.one_database

LIST = "/admin/templates/"
SHIPPED = f"{LIST}edit/order.shipped/ko/"
HEADLINE = "상품이 발송되었습니다"


def edit(window: Window, path: str = SHIPPED) -> StudioPage:
    """Open an editor in a window."""
    studio = StudioPage(window.open(path))
    studio.wait_until_open()
    return studio


def real_mail(*, items: int) -> None:
    """Owe a Korean customer the mail about an order with so many lines."""
    sample = contracts.get("order.shipped").samples["typical"]
    context = sample.model_dump(mode="json")
    context["order"]["items"] = [context["order"]["items"][0]] * items
    new = NewNotification(
        event="order.shipped",
        recipient="minji@example.com",
        recipient_name="Kim Minji",
        role=Role.CUSTOMER,
        locale="ko",
        context=context,
        idempotency_key="real",
        source_type="test",
        source_id="1",
        reference="SO-3",
    )
    with transaction.atomic():
        enqueue([new])


def texts() -> str:
    """Return all that was ever saved, of anybody."""
    return "\n".join(str(one.texts) for one in DraftRevision.objects.all())


def test_two_people_write_one_draft_and_both_texts_are_kept(browse: Browsing) -> None:
    first, second = browse("Editor"), browse("Editor")
    minji = edit(first)
    joon = edit(second)
    expect(joon.page.locator("[data-studio=people]")).to_contain_text("is editing this too")

    minji.append_line("{# from the first #}")
    minji.saved()
    second.expect_error("409")
    joon.rewrite(HEADLINE, "둘째")
    expect(joon.dialog).to_contain_text("Two texts for one draft")
    expect(joon.dialog.locator(".cm-merge-a")).to_contain_text("from the first")
    together = joon.dialog.locator(".cm-merge-b")
    expect(together).to_contain_text("from the first")
    expect(together).to_contain_text("둘째")
    joon.press("Keep mine")
    joon.saved()

    assert "from the first" in texts()
    assert "둘째" in texts()
    joon.press("History")
    expect(joon.dialog).to_contain_text("Earlier drafts")


def test_a_text_survives_a_lost_session_and_a_reload(browse: Browsing) -> None:
    window = browse("Editor")
    window.expect_error("401")
    studio = edit(window)
    cookies = window.context.cookies()
    window.context.clear_cookies(name="sessionid")
    studio.append_line("{# not lost #}")
    expect(studio.state).to_contain_text("You have been signed out")
    expect(studio.state.get_by_role("link", name="Sign in again")).to_be_visible()

    window.page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    window.context.add_cookies([one for one in cookies if one["name"] == "sessionid"])
    window.page.reload()
    studio.wait_until_open()
    expect(window.page.locator(".cm-content:visible")).to_contain_text("not lost")
    studio.saved()
    assert "not lost" in texts()


def test_the_preview_runs_no_script_and_asks_no_other_host(browse: Browsing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tracker:
        address = f"http://127.0.0.1:{tracker.getsockname()[1]}"
        window = browse("Editor")
        # What Chromium says of what it did not load and did not run.
        for refusal in (address, "Content Security Policy", "Blocked script execution"):
            window.expect_error(refusal)
        studio = edit(window)
        studio.rewrite(
            HEADLINE,
            f"<img src='{address}/x.png' onerror='parent.hacked = 1'>"
            f"<script>parent.hacked = 1; top.location = '{address}'</script>완료",
        )
        studio.shows(f"{address}/x.png")
        assert studio.frame.get_attribute("sandbox") == ""
        expect(window.page.locator("[data-studio=size]")).to_contain_text("from other servers")
        studio.saved()  # and so there was time enough to load what is in the preview
        assert window.page.evaluate("window.hacked") is None
        assert window.page.url.endswith(SHIPPED)
        tracker.settimeout(0.1)
        with pytest.raises(TimeoutError):
            tracker.accept()


def test_the_keyboard_alone_finds_and_mends_a_mistake(browse: Browsing) -> None:
    studio = edit(browse("Editor"))
    page = studio.page
    studio.append_line("{% block action %}{{ order.numbr }}{% endblock %}")
    expect(studio.problems).to_have_count(1)
    page.keyboard.press("F1")
    expect(studio.dialog).to_contain_text("Next problem")
    page.keyboard.press("Escape")
    page.keyboard.press("F8")
    page.keyboard.press("ControlOrMeta+.")
    expect(page.locator(".cm-content:visible")).to_contain_text("order.number }}")
    expect(studio.problems).to_have_count(0)

    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.insert_text("{% for item in order.items %}{{ item")
    page.keyboard.type(".")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("unit_price")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+1")
    expect(page.get_by_role("tab", name="Subject")).to_have_attribute("aria-selected", "true")


def test_a_real_mail_that_would_fail_holds_publishing_back(browse: Browsing) -> None:
    studio = edit(browse("Editor"))
    real_mail(items=3)  # which no sample has
    studio.rewrite(HEADLINE, "{{ 6 // (order.items | length - 3) }}개 발송")
    studio.saved()
    studio.press("Publish")
    expect(studio.dialog).to_contain_text("1 could not be rendered")
    expect(studio.dialog).to_contain_text("Publishing is held back")
    expect(studio.dialog.get_by_role("button", name="Publish")).to_be_disabled()

    lead = edit(browse("Lead editor"))
    lead.press("Publish")
    lead.dialog.get_by_label("Why publish it").fill("Three lines at once are no longer sold")
    lead.press("Publish")
    lead.notice("version 1 of order.shipped/ko is live")


def test_a_shared_file_names_the_mails_that_change_with_it(browse: Browsing) -> None:
    studio = edit(browse("Editor"), f"{LIST}edit/_partials/button.html.jinja/")
    expect(studio.page.locator("[data-studio=uses]")).to_contain_text("Affects")
    studio.page.locator("[data-studio=target]").select_option("order.shipped/ko")
    studio.shows(HEADLINE)
    studio.append_line("{# rounder #}")
    studio.saved()
    studio.press("Publish")
    expect(studio.dialog).to_contain_text("change with it, together or not at all")
    studio.press("Cancel")


def test_a_translation_is_begun_from_another_language(browse: Browsing) -> None:
    page = browse("Editor").open(LIST)
    page.get_by_label("Event").select_option("order.paid")
    page.get_by_label("into").fill("no language")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("is no language")).to_be_visible()
    page.get_by_label("into").fill("fr")
    page.get_by_role("button", name="Begin").click()
    studio = StudioPage(page)
    studio.wait_until_open()
    expect(page.get_by_label("Languages")).to_contain_text("French")
    studio.press("Start from")
    studio.press("ko")
    studio.shows("결제가 완료되었습니다")
    studio.saved()


def test_who_may_only_see_can_change_nothing(browse: Browsing) -> None:
    studio = edit(browse("Viewer"))
    expect(studio.state).to_contain_text("Read only")
    for name in ("Publish", "Send test", "Discard"):
        expect(studio.page.get_by_role("button", name=name)).to_have_count(0)
    studio.page.locator(".cm-content:visible").click()
    studio.page.keyboard.type("x")
    expect(studio.page.locator(".cm-content:visible .cm-line").first).not_to_contain_text("x{%")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_too_wide_for_a_phone(browse: Browsing, scheme: Scheme) -> None:
    window = browse("Editor", size="phone", scheme=scheme)
    window.open(LIST)
    assert window.overflow() == 0
    studio = edit(window)
    assert window.overflow() == 0
    studio.page.get_by_role("button", name="Preview", exact=True).click()
    expect(studio.frame).to_be_visible()
    studio.page.get_by_role("button", name="Dark").click()
    studio.shows("(min-width: 0px)")  # the mail's own dark rules, which now hold
    assert window.overflow() == 0
    studio.press("History")
    expect(studio.dialog).to_contain_text("Files")
    assert window.overflow() == 0
