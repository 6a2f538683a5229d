"""Two people edit one draft, and nobody's text is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studio.models import Draft, DraftRevision, Presence
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, Page, SignIn

pytestmark = pytest.mark.django_db


def texts_of(page: Page) -> list[str]:
    """Return the subject of every revision that was kept, the newest first."""
    rows = page.ok(page.get("revisions", key=KEY))["revisions"]
    found = [page.ok(page.get("revision", id=str(row["id"]))) for row in rows]
    return [one["texts"][SUBJECT] for one in found]


def test_a_saved_draft_is_what_the_next_person_opens(editor: Page, sign_in: SignIn) -> None:
    assert editor.save("하나") == 1
    assert editor.save("둘", revision=1) == 2

    found = sign_in("Editor").get("document", key=KEY)[1]

    assert found["parts"][0]["text"] == "둘"
    assert found["parts"][1]["text"] == found["parts"][1]["live_text"]
    assert (found["draft"]["revision"], found["draft"]["author"]) == (2, editor.user.username)
    assert found["draft"]["outdated"] is False


def test_of_two_saves_of_one_revision_the_second_is_told_and_both_are_kept(
    editor: Page, sign_in: SignIn
) -> None:
    other = sign_in("Editor")
    editor.save("begun")
    editor.save("mine", revision=1)

    status, problem = other.post("draft", key=KEY, texts={SUBJECT: "theirs"}, revision=1)

    assert (status, problem["code"]) == (409, "draft_changed")
    assert problem["draft"]["texts"][SUBJECT] == "mine"
    assert problem["draft"]["author"] == editor.user.username
    assert other.ok(other.get("revision", id=str(problem["kept"])))["texts"][SUBJECT] == "theirs"
    assert texts_of(editor) == ["theirs", "mine", "begun"]

    assert other.save("both", revision=problem["draft"]["revision"]) == 3


def test_of_two_who_begin_a_draft_the_second_is_told(editor: Page, sign_in: SignIn) -> None:
    editor.save("mine")

    status, problem = sign_in("Editor").post("draft", key=KEY, texts={SUBJECT: "x"}, revision=None)

    assert (status, problem["draft"]["revision"]) == (409, 1)
    assert "x" in texts_of(editor)


def test_a_save_after_the_draft_was_discarded_does_not_revive_it_unseen(editor: Page) -> None:
    editor.save("one")
    assert editor.post("discard", key=KEY, revision=1)[0] == 200

    status, problem = editor.post("draft", key=KEY, texts={SUBJECT: "two"}, revision=1)

    assert (status, problem["draft"]) == (409, None)
    assert "two" in texts_of(editor)
    assert editor.save("two") == 3
    assert texts_of(editor) == ["two", "two", "one", "one"]


def test_a_discarded_text_can_be_fetched_again(editor: Page) -> None:
    editor.save("precious")
    editor.ok(editor.post("discard", key=KEY, revision=1))

    assert editor.ok(editor.get("document", key=KEY))["draft"] is None
    rows = editor.ok(editor.get("revisions", key=KEY))["revisions"]
    assert [(row["how"], row["number"]) for row in rows] == [("discarded", 2), ("saved", 1)]
    assert texts_of(editor) == ["precious", "precious"]


def test_discarding_what_somebody_changed_is_refused(editor: Page, sign_in: SignIn) -> None:
    editor.save("one")
    editor.save("two", revision=1)

    status, problem = sign_in("Editor").post("discard", key=KEY, revision=1)

    assert (status, problem["draft"]["revision"]) == (409, 2)
    assert Draft.objects.get().open


def test_old_revisions_are_forgotten_when_their_time_is_over(editor: Page) -> None:
    editor.save("old")
    DraftRevision.objects.update(at=timezone.now() - timedelta(days=91))

    editor.save("new", revision=1)

    assert texts_of(editor) == ["new"]


def test_people_who_have_a_document_open_know_of_each_other(editor: Page, sign_in: SignIn) -> None:
    other = sign_in("Lead editor")
    editor.get("document", key=KEY)

    told = other.ok(other.post("presence", key=KEY))
    assert [(one["name"], one["you"]) for one in told["editors"]] == [
        (editor.user.username, False),
        (other.user.username, True),
    ]
    other.save("theirs")
    assert editor.ok(editor.post("presence", key=KEY))["draft"]["author"] == other.user.username
    assert editor.ok(editor.post("presence", key=LAYOUT))["editors"][0]["you"] is True

    Presence.objects.update(at=timezone.now() - timedelta(seconds=31))
    told = other.ok(other.post("presence", key=KEY))
    assert [one["name"] for one in told["editors"]] == [other.user.username]


@pytest.mark.parametrize(
    "texts",
    [
        {"order.paid/ko/subject.txt.jinja": "another mail's"},
        {"../../etc/passwd": "x"},
        {SUBJECT: "x" * (256 * 1024 + 1)},
        {SUBJECT: None},
        {SUBJECT: "\x00"},
        {f"{n}": "" for n in range(9)},
        "not an object",
    ],
)
def test_what_is_no_text_of_the_document_is_refused(editor: Page, texts: object) -> None:
    status, problem = editor.post("draft", key=KEY, texts=texts, revision=None)

    assert status == 400, problem
    assert problem["errors"][0]["pointer"].startswith("#/texts")
    assert not Draft.objects.exists()


def test_line_ends_of_windows_become_plain_ones(editor: Page) -> None:
    editor.save("<p>one</p>\r\n<p>two</p>\r\n", name=HTML)

    assert Draft.objects.get().texts[HTML] == "<p>one</p>\n<p>two</p>\n"
