"""Many editors at once, each in a thread with its own connection to the real database."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from access.actors import Actor
from studio import documents, drafts, releases
from studio.drafts import DraftChanged
from studio.inventory import Inventory
from studio.models import Draft, DraftRevision
from studio.releases import LiveChanged, Words
from templating.models import Template, TemplateVersion
from templating.publishing import Overtaken
from tests.studio.conftest import KEY, LAYOUT, SUBJECT

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6
ACTOR = Actor.system("tests")


def at_once(work: Callable[[int], object], *, times: int = AT_ONCE) -> list[object]:
    """Run `work` in so many threads that start together; return what each returned or raised."""
    barrier = Barrier(times)

    def run(index: int) -> object:
        barrier.wait(timeout=20)
        try:
            return work(index)
        except (DraftChanged, LiveChanged, Overtaken) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def kinds(results: list[object]) -> dict[str, int]:
    """Count the results by class."""
    return dict(Counter(type(result).__name__ for result in results))


def save(text: str, *, revision: int | None, key: str = KEY, name: str = SUBJECT) -> Draft:
    return drafts.save(key=key, texts={name: text}, revision=revision, base="x", actor=ACTOR)


@pytest.mark.parametrize("revision", [None, 1])
def test_of_saves_at_once_one_wins_and_every_text_is_kept(revision: int | None) -> None:
    if revision:
        save("begun", revision=None)

    results = at_once(lambda index: save(f"text {index}", revision=revision))

    assert kinds(results) == {"Draft": 1, "DraftChanged": AT_ONCE - 1}
    kept = {row.texts[SUBJECT] for row in DraftRevision.objects.all()}
    assert kept >= {f"text {index}" for index in range(AT_ONCE)}
    winner = next(result for result in results if isinstance(result, Draft))
    assert Draft.objects.get().texts == winner.texts


def test_of_publishings_of_one_draft_at_once_one_is_carried_out() -> None:
    inventory = Inventory()
    live = documents.digest(documents.live_texts(documents.find(KEY, inventory), inventory))
    save("새 제목", revision=None)

    results = at_once(
        lambda _: releases.publish(key=KEY, revision=1, actor=ACTOR, words=Words(), live=live)
    )

    assert kinds(results)["list"] == 1
    assert TemplateVersion.objects.count() == 1
    assert not Draft.objects.get().open


def test_a_mail_and_its_layout_published_at_once_lose_neither_change() -> None:
    inventory = Inventory()
    texts = {
        KEY: (SUBJECT, '{% extends "' + LAYOUT + '" %}{% block subject %}새 것{% endblock %}'),
        LAYOUT: (LAYOUT, "{% block subject %}{% endblock %} *"),
    }
    live = {}
    for key, (name, text) in texts.items():
        save(text, revision=None, key=key, name=name)
        document = documents.find(key, inventory)
        live[key] = documents.digest(documents.live_texts(document, inventory))

    def publish(index: int) -> object:
        key = list(texts)[index]
        return releases.publish(key=key, revision=1, actor=ACTOR, words=Words(), live=live[key])

    results = at_once(publish, times=2)
    for index, result in enumerate(results):
        if isinstance(result, Overtaken):
            publish(index)

    version = Template.objects.get(event="order.shipped", locale="ko").live
    assert version is not None
    assert version.snapshot.texts[SUBJECT] == texts[KEY][1]
    assert version.snapshot.texts[LAYOUT] == texts[LAYOUT][1]
