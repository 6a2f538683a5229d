"""Checks and previews of what an editor has not saved yet; a template can do no harm in either."""

from collections.abc import Callable

import pytest

from notifications.models import Notification
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, TEXT, Page

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_typo_is_found_at_its_place_with_what_was_meant(editor: Page) -> None:
    text = "주문 {{ order.number }}\n{% if shipment.carier %}x{% endif %}"
    found = editor.ok(editor.post("check", key=KEY, texts={SUBJECT: text}))

    assert found["blocks"] is True
    (problem,) = [one for one in found["problems"] if one["severity"] == "blocking"]
    assert problem == {
        "severity": "blocking",
        "code": "unknown_attribute",
        "template": SUBJECT,
        "line": 2,
        "column": 16,
        "end_column": 22,
        "message": problem["message"],
        "written": "carier",
        "suggestion": "carrier",
        "mine": True,
        "target": KEY,
    }


def test_what_is_live_has_no_problems(editor: Page) -> None:
    found = editor.ok(editor.post("check", key=KEY, texts={}))

    assert found == {"problems": [], "blocks": False}


def test_a_layout_is_checked_in_every_mail_that_uses_it(editor: Page) -> None:
    text = "{% block subject %}{% endblock %}{{ shipment.carrier or '' }}"
    everywhere = editor.ok(editor.post("check", key=LAYOUT, texts={LAYOUT: text}))
    shipped = editor.ok(editor.post("check", key=LAYOUT, texts={LAYOUT: text}, target=KEY))

    assert everywhere["blocks"] is True
    assert "order.shipped/en" not in {one["target"] for one in everywhere["problems"]}
    assert everywhere["problems"][0]["mine"] is True
    assert shipped["blocks"] is False


def test_words_that_are_no_toml_are_told_with_their_line(editor: Page) -> None:
    words = "_strings/ko.toml"
    found = editor.ok(editor.post("check", key=words, texts={words: 'a = "b"\nc = \n'}))

    assert (found["problems"][0]["template"], found["problems"][0]["line"]) == (words, 2)


def test_a_preview_is_what_would_be_sent(editor: Page) -> None:
    found = editor.ok(
        editor.post("preview", key=KEY, texts={SUBJECT: "새 제목 {{ order.number }}"})
    )

    assert (found["ok"], found["target"], found["subject"]) == (True, KEY, "새 제목 SO-1001")
    assert found["html_bytes"] == len(found["html"].encode())
    assert found["document"].endswith(found["html"])
    assert found["preheader"]
    assert "͏" not in found["preheader"]
    assert found["text"]
    assert found["to"] == "ada@example.com"


def test_a_preview_can_be_of_any_sample_and_say_which_there_are(editor: Page) -> None:
    samples = editor.ok(editor.get("document", key=KEY))["samples"]
    assert {one["name"] for one in samples} >= {
        "one line", "forty lines", "very long names", "right-to-left", "markup in names",
        "zero totals",
    }  # fmt: skip
    for sample in samples:
        told = editor.ok(editor.post("preview", key=KEY, texts={}, sample=sample["name"]))
        assert told["ok"], told

    status, problem = editor.post("preview", key=KEY, texts={}, sample="nope")
    assert (status, problem["errors"][0]["pointer"]) == (400, "#/sample")


def test_a_preview_of_a_recent_order_shows_no_personal_data(
    editor: Page, real_mail: Callable[..., Notification]
) -> None:
    row = real_mail(sample="one line")
    told = editor.ok(editor.post("preview", key=KEY, texts={}, notification=str(row.id)))

    shown = told["html"] + told["text"] + told["subject"] + told["to"]
    assert "녹차 100 g" in shown
    assert row.reference in shown
    for secret in ("Minji", "minji", "Sejong", "04524", "1234-5678", "4567 8901"):
        assert secret not in shown


def test_a_preview_of_another_events_order_is_not_found(
    editor: Page, real_mail: Callable[..., Notification]
) -> None:
    row = real_mail("order.paid")
    assert editor.post("preview", key=KEY, texts={}, notification=str(row.id))[0] == 404


def test_a_layout_can_be_seen_in_any_mail_that_uses_it(editor: Page) -> None:
    texts = {LAYOUT: "{% block subject %}{% endblock %} !"}
    first = editor.ok(editor.post("preview", key=LAYOUT, texts=texts))
    chosen = editor.ok(editor.post("preview", key=LAYOUT, texts=texts, target=KEY))

    assert first["ok"]
    assert first["subject"].endswith("!")
    assert chosen["target"] == KEY
    assert chosen["subject"].endswith("!")
    assert editor.post("preview", key=LAYOUT, texts=texts, target="order.eaten/ko")[0] == 404


def test_a_text_that_is_emptied_is_made_from_the_html(editor: Page) -> None:
    told = editor.ok(editor.post("preview", key=KEY, texts={TEXT: " \n", HTML: "<p>Nur so</p>"}))

    assert told["text"] == "Nur so\n"


HOSTILE = {
    "an endless loop": "{% for a in range(999999) %}{% for b in range(999999) %}x{% endfor %}"
    "{% endfor %}",
    "an exploding text": "{% set ns = namespace(t='x' * 1000) %}{% for a in range(99) %}"
    "{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
    "a huge product": "{{ 'x' * 1000000000 }}",
    "a huge power": "{{ 9 ** 9 ** 9 }}",
    "endless recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "deep brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "deep tags": "{% if 1 %}" * 3000,
    "the sandbox's classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ cycler.__init__.__globals__.os.system('id') }}",
    "a remote include": "{% include 'https://example.com/x.html.jinja' %}",
    "a file of the machine": "{% include '../../../../etc/passwd' %}",
    "itself": "{% include '" + HTML + "' %}",
    "an attribute by name": "{{ order | attr('__class__') }}",
    "a secret": "{{ settings.SECRET_KEY }}",
    "nested lists": "{% set ns = namespace(l=[1]) %}{% for a in range(200) %}"
    "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}",
    "a hundred thousand elements": "{% for a in range(100000) %}<div>{% endfor %}",
    "a division": "{{ 1 / 0 }}",
    "an unclosed block": "{% block x %}",
    "half a surrogate by escape": "{{ '\\ud800' }}",
    "a wide format": "{{ '%1000000000d' | format(1) }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused_where_it_stands(editor: Page, name: str) -> None:
    told = editor.ok(editor.post("preview", key=KEY, texts={HTML: HOSTILE[name]}))

    if name != "half a surrogate by escape":
        assert told["ok"] is False, told
        assert told["error"]["template"] == HTML
        assert "object at 0x" not in told["error"]["message"]
    assert editor.ok(editor.post("check", key=KEY, texts={HTML: HOSTILE[name]})) is not None
    assert editor.ok(editor.post("preview", key=KEY, texts={}))["ok"], "the process goes on"


SHOWN = """<script>alert(1)</script><img src="https://evil.example.com/a.png"
onerror="alert(2)"><a href="javascript:alert(3)">x</a><iframe src="//evil.example.com"></iframe>
<div style="background: url(https://evil.example.com/b.png)">x</div>"""


def test_a_previews_document_has_a_policy_before_all_that_the_mail_says(editor: Page) -> None:
    told = editor.ok(editor.post("preview", key=KEY, texts={HTML: SHOWN}))

    assert told["document"].startswith(
        '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    )
    assert "script" not in told["document"].partition(">")[2].partition(">")[0]
    assert told["blocked"] >= 3


def test_markup_in_a_customers_name_stays_text(editor: Page) -> None:
    told = editor.ok(
        editor.post(
            "preview",
            key=KEY,
            texts={HTML: "<p>{{ customer.name }}</p>", SUBJECT: "{{ customer.name }}"},
            sample="markup in names",
        )
    )

    assert "<script>" not in told["html"]
    assert "&lt;script&gt;" in told["html"]
    assert told["subject"].startswith("<script>")


def test_a_subject_of_several_lines_becomes_one(editor: Page) -> None:
    told = editor.ok(
        editor.post("preview", key=KEY, texts={SUBJECT: "Hello\r\nBcc: all@example.com\n\nx"})
    )

    assert told["subject"] == "Hello Bcc: all@example.com x"
