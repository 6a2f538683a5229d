"""From a draft to live mail and back: what is asked first, who is told, and what it costs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import AuditEntry
from notifications.models import Notification
from studio.models import Draft, DraftRevision
from templating import contracts, live
from templating.models import Snapshot, TemplateVersion
from templating.rendering import Rendered, render
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, TEXT, Page, SignIn

pytestmark = pytest.mark.django_db

RealMail = Callable[..., Notification]


def mail(locale: str = "ko", event: str = "order.shipped") -> Rendered:
    """Render the first sample as a worker would a moment later."""
    live.refresh(now=True)
    sample = next(iter(contracts.get(event).samples.values()))
    return render(event=event, locale=locale, context=sample.model_dump(mode="json"))


def publish(page: Page, text: str, *, name: str = SUBJECT, **more: Any) -> dict[str, Any]:
    """Save and publish one changed part."""
    key = name if name.startswith("_") else KEY
    draft = page.ok(page.get("document", key=key))["draft"]
    revision = page.save(text, name=name, revision=draft and draft["revision"])
    return page.ok(page.post("publish", key=key, revision=revision, **more))


def test_a_published_draft_is_the_next_mail_and_the_draft_is_closed(editor: Page) -> None:
    told = publish(editor, "새 제목 {{ order.number }}", note="Shorter")

    (version,) = told["versions"]
    assert (version["key"], version["number"]) == (KEY, 1)
    assert mail().subject == "새 제목 SO-1001"
    found = editor.ok(editor.get("document", key=KEY))
    assert found["draft"] is None
    assert (found["live"]["label"], found["live"]["author"]) == ("v1", editor.user.username)
    assert DraftRevision.objects.latest("pk").how == "published"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id, entry.reason) == ("template.publish", KEY, "Shorter")


def test_only_the_draft_that_was_seen_is_published(editor: Page, sign_in: SignIn) -> None:
    seen = editor.save("mine")
    other = sign_in("Editor")
    other.save("theirs", revision=seen)

    status, problem = editor.post("publish", key=KEY, revision=seen)

    assert (status, problem["code"]) == (409, "draft_changed")
    assert problem["draft"]["texts"][SUBJECT] == "theirs"
    assert not TemplateVersion.objects.exists()


def test_a_draft_is_not_published_over_what_was_published_meanwhile(
    editor: Page, sign_in: SignIn
) -> None:
    first = editor.save("one")
    editor.ok(editor.post("publish", key=KEY, revision=first))
    begun = editor.save("two")
    version = TemplateVersion.objects.get()
    sign_in("Editor").ok(sign_in("Editor").post("rollback", key=KEY, version="file"))

    found = editor.ok(editor.get("document", key=KEY))
    assert found["draft"]["outdated"] is True
    status, problem = editor.post("publish", key=KEY, revision=begun)
    assert (status, problem["code"]) == (409, "live_changed")
    assert problem["live"] == found["live"]["digest"]

    editor.ok(editor.post("publish", key=KEY, revision=begun, live=problem["live"]))
    assert mail().subject == "two"
    assert version.pk == TemplateVersion.objects.earliest("pk").pk


def test_what_the_checker_refuses_is_not_published(editor: Page) -> None:
    revision = editor.save("{{ order.numbr }}")

    status, problem = editor.post("publish", key=KEY, revision=revision)

    assert (status, problem["code"]) == (409, "blocked")
    assert problem["problems"][0]["suggestion"] == "number"
    assert Draft.objects.get().open


def long_number(context: dict[str, Any]) -> None:
    """Make an order that no sample is like."""
    context["order"]["items"] = context["order"]["items"][:1] * 7


FAILS_ON_SEVEN = "{{ order.number }}{% if order['items'] | length == 7 %}{{ 1 / 0 }}{% endif %}"


def test_a_failure_on_a_real_mail_blocks_until_somebody_answers_for_it(
    editor: Page, sign_in: SignIn, real_mail: RealMail
) -> None:
    good, bad = real_mail(), real_mail(changes=long_number)
    revision = editor.save(FAILS_ON_SEVEN)

    status, problem = editor.post("publish", key=KEY, revision=revision)
    assert (status, problem["code"]) == (409, "gate")
    (failing,) = problem["gate"]
    assert (failing["notification"], failing["reference"]) == (str(bad.id), "SO-2")
    assert failing["error"]["template"] == SUBJECT
    assert failing["error"]["line"] == 1
    assert problem["effect"] == {
        "contexts": 2, "same": 0, "differs": 1, "shrinks": 0, "fails": 1, "outdated": 0,
    }  # fmt: skip

    status, _ = editor.post("publish", key=KEY, revision=revision, override="I know better")
    assert status == 403
    lead = sign_in("Lead editor")
    lead.ok(lead.post("publish", key=KEY, revision=revision, override="Order 2 is a test order"))

    overridden, published = AuditEntry.objects.order_by("pk")
    assert (overridden.action, overridden.reason) == (
        "template.override",
        "Order 2 is a test order",
    )
    assert overridden.data == {"failing": [str(bad.id)]}
    assert published.data["failing"] == 1
    assert good.id != bad.id


def test_a_mail_of_an_older_contract_is_counted_and_blocks_nothing(
    editor: Page, real_mail: RealMail
) -> None:
    row = real_mail()
    Notification.objects.update(context=row.context | {"shipment": {"carrier": "?"}})

    told = editor.ok(editor.post("effect", key=KEY, texts={SUBJECT: "x"}))
    assert (told["outdated"], told["fails"]) == (1, 0)

    publish(editor, "x")


def test_the_effect_tells_how_many_mails_change_and_shows_each_with_data_masked(
    editor: Page, real_mail: RealMail
) -> None:
    real_mail(), real_mail(sample="one line"), real_mail(changes=long_number)
    texts = {SUBJECT: "{% if order.currency == 'KRW' %}원{% else %}x{% endif %}"}

    same = editor.ok(editor.post("effect", key=KEY, texts={}))
    assert (same["contexts"], same["same"], same["items"]) == (3, 3, [])
    told = editor.ok(editor.post("effect", key=KEY, texts=texts))
    assert (told["differs"], len(told["items"])) == (3, 3)
    shrunk = editor.ok(editor.post("effect", key=KEY, texts={HTML: "<p>x</p>", TEXT: "x"}))
    assert shrunk["shrinks"] == 3

    won = next(one for one in told["items"] if one["reference"] == "SO-2")
    compared = editor.ok(
        editor.post("comparison", key=KEY, texts=texts, notification=won["notification"])
    )
    assert compared["draft"]["subject"] == "원"
    assert compared["live"]["subject"] != "원"
    assert "Minji" not in str(compared)


def test_the_gate_looks_at_as_many_mails_as_are_set(
    editor: Page, real_mail: RealMail, settings: Any
) -> None:
    for _ in range(4):
        real_mail()
    settings.STUDIO_GATE_CONTEXTS = 3
    assert editor.ok(editor.post("effect", key=KEY, texts={}))["contexts"] == 3
    settings.STUDIO_GATE_CONTEXTS = 0
    assert editor.ok(editor.post("effect", key=KEY, texts={}))["contexts"] == 0


def test_erased_mails_are_not_tried(editor: Page, real_mail: RealMail) -> None:
    real_mail()
    Notification.objects.update(erased_at="2026-01-01T00:00:00Z", context={})

    assert editor.ok(editor.post("effect", key=KEY, texts={}))["contexts"] == 0
    assert editor.ok(editor.get("document", key=KEY))["recent"] == []


def test_nothing_of_a_real_mail_is_stored_by_trying_it(editor: Page, real_mail: RealMail) -> None:
    real_mail(sample="one line")
    with CaptureQueriesContext(connection) as queries:
        editor.ok(editor.post("effect", key=KEY, texts={SUBJECT: "x"}))

    writes = [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE"))]
    assert writes == []


def test_a_rollback_to_a_version_is_a_new_version_with_its_texts(editor: Page) -> None:
    first = publish(editor, "하나")["versions"][0]
    publish(editor, "둘")

    told = editor.ok(editor.post("rollback", key=KEY, version=first["id"], note="too long"))

    assert told["versions"][0]["number"] == 3
    assert mail().subject == "하나"
    history = editor.ok(editor.get("history", key=KEY))["versions"]
    assert [(one["label"], one["live"], one["restores"]) for one in history] == [
        ("v3", True, 1),
        ("v2", False, None),
        ("v1", False, None),
        ("Files", False, None),
    ]
    assert history[0]["note"] == "too long"
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "template.publish",
        "template.publish",
        "template.rollback",
    ]


def test_a_rollback_to_the_files_lets_them_be_live_again(editor: Page) -> None:
    before = mail()
    publish(editor, "하나")

    told = editor.ok(editor.post("rollback", key=KEY, version="file", note="was fine"))

    assert told == {"versions": []}
    assert mail() == before
    history = editor.ok(editor.get("history", key=KEY))["versions"]
    assert [(one["label"], one["live"]) for one in history] == [("v1", False), ("Files", True)]
    assert editor.ok(editor.get("document", key=KEY))["live"]["label"] == "Files"


def test_a_rollback_passes_the_gate_too(editor: Page, real_mail: RealMail) -> None:
    first = publish(editor, FAILS_ON_SEVEN)["versions"][0]
    publish(editor, "x")
    real_mail(changes=long_number)

    status, problem = editor.post("rollback", key=KEY, version=first["id"])

    assert (status, problem["code"]) == (409, "gate")


@pytest.mark.parametrize("version", ["12345", "x", "9" * 20, "-1"])
def test_a_rollback_to_what_never_was_is_not_found(editor: Page, version: str) -> None:
    assert editor.post("rollback", key=KEY, version=version)[0] == 404


def test_the_texts_of_any_version_can_be_read(editor: Page) -> None:
    version = publish(editor, "하나")["versions"][0]
    publish(editor, "둘")

    told = editor.ok(editor.get("version", key=KEY, id=version["id"]))
    assert told["parts"][0]["text"] == "하나"
    files = editor.ok(editor.get("version", key=KEY, id="file"))
    assert "하나" not in files["parts"][0]["text"]
    assert editor.get("version", key="order.paid/ko", id=version["id"])[0] == 404


def test_a_text_that_was_taken_away_stays_away_with_the_next_version(editor: Page) -> None:
    publish(editor, "", name=TEXT)
    publish(editor, "둘")

    parts = editor.ok(editor.get("document", key=KEY))["parts"]
    assert parts[2]["live_text"] == ""
    version = TemplateVersion.objects.latest("number")
    assert TEXT not in version.snapshot.texts


def test_a_new_translation_can_be_written_and_is_sent(editor: Page) -> None:
    key = "order.shipped/fr"
    parts = editor.ok(editor.get("document", key=key))["parts"]
    texts = {part["name"]: part["text"] for part in parts}
    texts[f"{key}/subject.txt.jinja"] = "Votre colis"
    revision = editor.ok(editor.post("draft", key=key, texts=texts, revision=None))["revision"]
    editor.ok(editor.post("publish", key=key, revision=revision))

    assert mail("fr-CA").subject == "Votre colis"
    assert mail("en").subject != "Votre colis"


# --- shared files


def test_a_layout_changes_all_mails_that_use_it_at_once(editor: Page, real_mail: RealMail) -> None:
    real_mail()
    told = publish(editor, "{% block subject %}{% endblock %} *", name=LAYOUT, note="star")

    assert {one["key"] for one in told["versions"]} >= {"order.shipped/ko", "order.paid/en"}
    assert {one["number"] for one in told["versions"]} == {1}
    assert mail().subject.endswith(" *")
    assert mail("en", "order.paid").subject.endswith(" *")
    shared = editor.ok(editor.get("document", key=LAYOUT))
    assert (shared["live"]["label"], shared["differing"]) == ("#1", [])


def test_a_layout_that_breaks_one_mail_changes_none(editor: Page) -> None:
    revision = editor.save(
        "{% block subject %}{% endblock %}{{ shipment.shipped_at | date }}", name=LAYOUT
    )

    status, problem = editor.post("publish", key=LAYOUT, revision=revision)

    assert (status, problem["code"]) == (409, "blocked")
    assert problem["problems"][0]["target"] != KEY
    assert not TemplateVersion.objects.exists()


def test_a_layouts_history_is_its_own_and_it_can_be_rolled_back(editor: Page) -> None:
    publish(editor, "{% block subject %}{% endblock %} *", name=LAYOUT, note="star")
    publish(editor, "{% block subject %}{% endblock %} !", name=LAYOUT, note="bang")
    publish(editor, '{% extends "' + LAYOUT + '" %}{% block subject %}안녕{% endblock %}')

    history = editor.ok(editor.get("history", key=LAYOUT))["versions"]
    assert [(one["label"], one["note"], one["live"]) for one in history] == [
        ("#2", "bang", True),
        ("#1", "star", False),
        ("Files", "", False),
    ]
    assert "order.paid/en" in history[0]["keys"]

    editor.ok(editor.post("rollback", key=LAYOUT, version=history[1]["id"]))
    assert mail().subject == "안녕 *"
    assert mail("en", "order.paid").subject.endswith(" *")
    editor.ok(editor.post("rollback", key=LAYOUT, version="file"))
    assert mail().subject == "안녕 · Moon & Leaf"
    history = editor.ok(editor.get("history", key=LAYOUT))["versions"]
    assert [one["live"] for one in history].count(True) == 1


def test_words_are_published_for_the_mails_of_their_locale(editor: Page) -> None:
    name = "_strings/ko.toml"
    text = editor.ok(editor.get("document", key=name))["parts"][0]["text"]

    told = publish(editor, text + '\nextra = "더"\n', name=name)

    assert {one["key"].partition("/")[2] for one in told["versions"]} == {"ko"}
    completion = editor.ok(editor.get("document", key=KEY))["completion"]
    words = next(one for one in completion["names"] if one["name"] == "t")["children"]
    assert ("extra", "더") in {(one["name"], one["sample"]) for one in words}


def test_mails_that_carry_another_text_of_a_layout_are_named(editor: Page) -> None:
    extending = '{% extends "' + LAYOUT + '" %}{% block subject %}안녕{% endblock %}'
    publish(editor, extending)
    snapshot = Snapshot.objects.get()
    texts = snapshot.texts | {LAYOUT: "{% block subject %}{% endblock %} old"}
    Snapshot.objects.update(texts=texts)

    shared = editor.ok(editor.get("document", key=LAYOUT))

    assert shared["parts"][0]["text"].endswith(" old"), "what was published last is the text"
    assert "order.paid/en" in {one["key"] for one in shared["differing"]}
