"""Published versions: what they hold, who sees them and when, and what a mail in one costs."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.actors import Actor, ActorKind
from access.models import AuditEntry
from templating import contracts, environment, live, publishing, replay
from templating.models import Snapshot, TemplateVersion
from templating.publishing import NotPublishable, Target
from templating.rendering import Rendered, render

pytestmark = pytest.mark.django_db

EDITOR = Actor(kind=ActorKind.USER, id="7", label="Editor")
KOREAN = Target("order.shipped", "ko")
SUBJECT = "order.shipped/ko/subject.txt.jinja"


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    live.forget()
    yield
    live.forget()


def context() -> dict[str, object]:
    contract = contracts.get("order.shipped")
    return next(iter(contract.samples.values())).model_dump(mode="json")


def mail(locale: str = "ko") -> Rendered:
    return render(event="order.shipped", locale=locale, context=context())


def publish(text: str, *, note: str = "") -> TemplateVersion:
    (version,) = publishing.publish(
        changes={SUBJECT: text}, targets=[KOREAN], actor=EDITOR, note=note
    )
    return version


def test_without_a_published_version_the_files_are_live() -> None:
    live.refresh(now=True)

    assert mail().version.startswith("file:")


def test_a_published_version_is_live_once_a_process_has_refreshed() -> None:
    before = mail()

    publish("새 제목 {{ order.number }}")
    assert mail() == before
    live.refresh(now=True)

    after = mail()
    assert after.subject == "새 제목 SO-1001"
    assert after.version.startswith("v1:")
    assert after.html == before.html


def test_other_locales_and_events_are_not_touched() -> None:
    english = mail("en")

    publish("새 제목")
    live.refresh(now=True)

    assert mail("en") == english


def test_a_recipient_of_a_region_gets_the_published_version_of_its_language() -> None:
    publish("새 제목")
    live.refresh(now=True)

    assert mail("ko-KR").subject == "새 제목"


def test_a_locale_can_be_published_that_has_no_files() -> None:
    parts = ("subject.txt.jinja", "body.html.jinja", "body.txt.jinja")
    target = Target("order.shipped", "fr")
    publishing.publish(
        changes={f"order.shipped/fr/{part}": "Bonjour" for part in parts},
        targets=[target],
        actor=EDITOR,
    )
    live.refresh(now=True)

    assert mail("fr-CA").subject == "Bonjour"
    assert mail("fr-CA").locale == "fr"


def test_what_blocks_cannot_be_published_and_changes_nothing() -> None:
    with pytest.raises(NotPublishable) as refused:
        publish("{{ order.numbr }}")

    (problem,) = refused.value.problems
    assert (problem.line, problem.suggestion) == (1, "number")
    assert not TemplateVersion.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_target_that_cannot_be_published_holds_back_all() -> None:
    layout = "_layouts/subject.txt.jinja"
    targets = [Target("order.paid", "en"), KOREAN]

    with pytest.raises(NotPublishable):
        publishing.publish(
            changes={layout: "{{ payment.paid_at | date }}"}, targets=targets, actor=EDITOR
        )

    assert not TemplateVersion.objects.exists()


def test_a_layout_is_published_for_all_that_use_it_and_later_changes_keep_it() -> None:
    layout = "_layouts/subject.txt.jinja"
    text = "{% block subject %}{% endblock %} *"
    targets = [KOREAN, Target("order.paid", "ko")]
    versions = publishing.publish(changes={layout: text}, targets=targets, actor=EDITOR)
    assert [version.event for version in versions] == ["order.shipped", "order.paid"]

    publish('{% extends "_layouts/subject.txt.jinja" %}{% block subject %}안녕{% endblock %}')
    live.refresh(now=True)

    assert mail().subject == "안녕 *"


def test_versions_are_numbered_and_tell_who_and_why() -> None:
    publish("하나", note="first")
    publish("둘", note="second")

    found = [(one.number, one.author, one.note) for one in publishing.history(KOREAN)]
    assert found == [(2, "Editor", "second"), (1, "Editor", "first")]
    assert [entry.action for entry in AuditEntry.objects.all()] == ["template.publish"] * 2


def test_a_rollback_is_a_new_version_with_the_old_texts() -> None:
    first = publish("하나")
    publish("둘")

    restored = publishing.rollback(first, actor=EDITOR, note="둘 was wrong")
    live.refresh(now=True)

    assert (restored.number, restored.restores, restored.snapshot) == (3, first, first.snapshot)
    assert mail().subject == "하나"


def test_withdrawing_makes_the_files_live_again_and_keeps_the_history() -> None:
    before = mail()
    publish("하나")
    live.refresh(now=True)

    publishing.withdraw(KOREAN, actor=EDITOR)
    live.refresh(now=True)

    assert mail() == before
    assert publishing.history(KOREAN).count() == 1


def test_a_version_is_never_changed() -> None:
    version = publish("하나")
    version.note = "another"

    with pytest.raises(TypeError):
        version.save()


def test_a_mail_is_shown_again_in_the_version_it_was_sent_in() -> None:
    publish("하나 {{ order.number }}")
    live.refresh(now=True)
    sent = mail()
    publish("둘")
    live.refresh(now=True)

    again = replay.render_version(
        version=sent.version, event="order.shipped", locale="ko", context=context()
    )

    assert again == sent


def test_what_files_made_is_kept_and_can_be_shown_after_the_files_changed() -> None:
    sent = mail()
    assert not replay.is_kept(sent.version)
    live.refresh(now=True)
    publish("둘")
    live.refresh(now=True)

    again = replay.render_version(
        version=sent.version, event="order.shipped", locale="ko", context=context()
    )

    assert again == sent
    assert Snapshot.objects.filter(digest=sent.version.removeprefix("file:")).count() == 1


def test_a_mail_in_a_published_version_costs_no_query_and_no_parsing(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    publish("하나 {{ order.number }}")
    now = time.monotonic()
    monkeypatch.setattr("templating.live.time.monotonic", lambda: now)  # two seconds do not pass
    live.refresh(now=True)
    mail()  # the first ones compile
    mail("en-GB")
    live.refresh(now=True)
    parses = _counted(monkeypatch)

    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            live.refresh()
            mail()
            mail("en-GB")

    assert len(queries) == 0
    assert parses() == 0


def test_a_process_asks_again_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr("templating.live.time.monotonic", lambda: clock)
    live.refresh()
    publish("하나")

    clock += 1.9
    live.refresh()
    assert mail().version.startswith("file:")
    clock += 0.2
    live.refresh()

    assert mail().subject == "하나"


def test_who_asks_early_spares_the_next_mail_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr("templating.live.time.monotonic", lambda: clock)
    live.refresh()
    with CaptureQueriesContext(connection) as queries:
        live.refresh_early()
    assert len(queries) == 0, "it has only just been asked"
    publish("하나")

    clock += 1.2
    live.refresh_early()
    assert mail().subject == "하나"
    with CaptureQueriesContext(connection) as queries:
        clock += 1.2
        live.refresh()
    assert len(queries) == 0


def _counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    count = 0
    parse = environment.TemplateEnvironment._parse

    def counting(self: environment.TemplateEnvironment, *args: object) -> object:
        nonlocal count
        count += 1
        return parse(self, *args)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(environment.TemplateEnvironment, "_parse", counting)
    return lambda: count
