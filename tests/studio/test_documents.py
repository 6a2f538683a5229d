"""What an editor opens with."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from notifications.models import Notification
from studio import completion, listing
from studio.inventory import Inventory
from templating import contracts
from templating.publishing import Target
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, TEXT, Page, SignIn

pytestmark = pytest.mark.django_db


def test_a_mail_opens_with_its_three_parts_as_they_are_live(editor: Page) -> None:
    found = editor.ok(editor.get("document", key=KEY))

    assert [part["name"] for part in found["parts"]] == [SUBJECT, HTML, TEXT]
    assert [part["language"] for part in found["parts"]] == ["text", "html", "text"]
    assert all(part["text"] == part["live_text"] != "" for part in found["parts"])
    assert (found["kind"], found["event"], found["locale"]) == ("mail", "order.shipped", "ko")
    assert found["live"] == {
        "label": "Files",
        "number": None,
        "author": None,
        "at": None,
        "digest": found["live"]["digest"],
    }
    assert found["draft"] is None


def test_it_says_which_shared_files_it_uses_and_they_say_which_mails_use_them(editor: Page) -> None:
    found = editor.ok(editor.get("document", key=KEY))
    used = {one["key"] for one in found["uses"]}
    assert {LAYOUT, "_layouts/mail.html.jinja", "_strings/ko.toml"} <= used
    assert "_strings/ja.toml" not in used

    shared = editor.ok(editor.get("document", key="_layouts/order.shipped.html.jinja"))
    assert [one["key"] for one in shared["affects"]] == ["order.shipped/en", "order.shipped/ko"]
    assert shared["kind"] == "shared"


def test_a_missing_translation_begins_with_the_default_locales_texts(editor: Page) -> None:
    english = editor.ok(editor.get("document", key="order.shipped/en"))
    found = editor.ok(editor.get("document", key="order.shipped/fr"))

    assert found["live"]["label"] == "Missing"
    assert [part["text"] for part in found["parts"]] == [p["text"] for p in english["parts"]]
    assert {part["live_text"] for part in found["parts"]} == {""}


def test_completion_knows_types_documentation_and_values(editor: Page) -> None:
    found = editor.ok(editor.get("document", key=KEY))["completion"]
    names = {entry["name"]: entry for entry in found["names"]}
    order = {entry["name"]: entry for entry in names["order"]["children"]}

    assert order["number"]["sample"] == "SO-1001"
    assert order["number"]["doc"].startswith("What the customer calls")
    assert order["total"]["type"] == "amount"
    assert {entry["name"] for entry in order["items"]["item"]} >= {"name", "quantity", "total"}
    assert order["shipping_address"]["optional"] is True
    words = {entry["name"]: entry["sample"] for entry in names["t"]["children"]}
    assert words["total"]
    filters = {entry["name"]: entry["doc"] for entry in found["filters"]}
    assert filters["money"].startswith("Return an amount")


ORDER_EVENTS = [one.event for one in contracts.registered() if one.event.startswith("order.")]


@pytest.mark.parametrize("event", ORDER_EVENTS)
def test_every_name_that_an_orders_mail_can_use_is_documented(event: str) -> None:
    def undocumented(entries: list[dict[str, object]]) -> list[object]:
        found: list[object] = []
        for entry in entries:
            if not entry["doc"]:
                found.append(entry["name"])
            found += undocumented(entry["children"])  # type: ignore[arg-type] # entries
            found += undocumented(entry["item"])  # type: ignore[arg-type] # entries
        return found

    names = completion.completion(Target(event, "en"), Inventory())["names"]
    assert undocumented([one for one in names if one["name"] != "t"]) == []


def test_the_list_tells_how_everything_stands_in_few_queries(
    editor: Page, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    editor.save("mine")
    sign_in("Editor").get("document", key=LAYOUT)

    with django_assert_num_queries(3):
        found = listing.listing()

    shipped = next(event for event in found.events if event.event == "order.shipped")
    cells = {cell.locale: cell for cell in shipped.cells}
    assert tuple(cells) == found.locales
    assert cells["ko"].draft is not None
    assert cells["ko"].draft.author == editor.user.username
    assert (cells["en"].state, cells["en"].label, cells["en"].draft) == ("file", "Files", None)
    shared = {one.key: one for one in found.shared}
    assert shared["_strings/ko.toml"].kind == "strings"
    assert "order.shipped/ko" in {link.key for link in shared[LAYOUT].affects}
    assert len(shared[LAYOUT].editors) == 1


def test_recent_orders_are_offered_by_their_reference(
    editor: Page, real_mail: Callable[..., Notification]
) -> None:
    korean = real_mail(locale="ko-KR")
    real_mail(locale="en")

    found = editor.ok(editor.get("document", key=KEY))

    assert [(one["id"], one["label"]) for one in found["recent"]] == [(str(korean.id), "SO-1")]
    english = editor.ok(editor.get("document", key="order.shipped/en"))
    assert [one["label"] for one in english["recent"]] == ["SO-2"]


@pytest.mark.parametrize(
    "key", ["order.shipped", "order.eaten/ko", "order.shipped/KO!", "_layouts/nothing", "../x", ""]
)
def test_what_is_not_there_is_not_found(editor: Page, key: str) -> None:
    status, problem = editor.get("document", key=key)

    assert (status, problem["code"]) == (404, "not_found")


def test_everybody_is_told_what_they_may_do(sign_in: SignIn) -> None:
    may = {
        role: sign_in(role).get("document", key=KEY)[1].get("can")
        for role in ("Viewer", "Editor", "Lead editor", "superuser")
    }

    assert may["Viewer"] == {
        "see": True, "edit": False, "publish": False, "test": False, "override": False,
    }  # fmt: skip
    assert may["Editor"] == {
        "see": True, "edit": True, "publish": True, "test": True, "override": False,
    }  # fmt: skip
    assert all(may["Lead editor"].values())
    assert all(may["superuser"].values())
