"""From a context to a mail: typed by the contract, in the recipient's locale, safe to send."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from pytest_django import Settings

from templating.contracts import Context, EventContract, shop_context
from templating.errors import Code, RenderingError
from templating.rendering import render
from tests.templating.folders import EVENT, Templates

# The folder is empty before each test, and one example of a property overwrites the last one's.
one_folder = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


class Parcel(BaseModel):
    """What was sent."""

    model_config = ConfigDict(extra="forbid")

    weight: Decimal
    items: list[str]


class ParcelContext(Context):
    """A context with what JSON has no types for."""

    parcel: Parcel
    sent_at: datetime
    due: date | None = None


@pytest.fixture
def contract(register: Callable[[EventContract], None]) -> EventContract:
    """The event's contract, registered for one test."""
    sample = ParcelContext(
        shop=shop_context(),
        parcel=Parcel(weight=Decimal("1.50"), items=["tea", "cup"]),
        sent_at=datetime.fromisoformat("2026-11-22T16:30:00Z"),
    )
    contract = EventContract(
        event=EVENT,
        title="Something happened",
        description="For tests.",
        context=ParcelContext,
        samples={"usual": sample},
    )
    register(contract)
    return contract


def stored(contract: EventContract) -> dict[str, Any]:
    """Return the default sample as it is stored with a notification."""
    return contract.samples["usual"].model_dump(mode="json")


def test_a_stored_context_comes_back_with_its_types(
    templates: Templates, contract: EventContract
) -> None:
    source = "{{ parcel.weight + 1 }} {{ parcel.items | join('+') }} {{ sent_at.year }} {{ due }}|"

    assert templates.text(source, stored(contract)) == "2.50 tea+cup 2026 |"


def test_a_context_that_breaks_its_contract_is_named_without_its_values(
    templates: Templates, contract: EventContract
) -> None:
    context = stored(contract)
    context["parcel"]["weight"] = "Kim Minji"
    del context["sent_at"]

    error = templates.failure("x", context)

    assert error.code is Code.INVALID_CONTEXT
    assert error.template == EVENT
    assert "parcel.weight: decimal parsing" in error.message
    assert "sent_at: missing" in error.message
    assert "Kim" not in error.message


def test_fields_of_a_newer_release_are_ignored(
    templates: Templates, contract: EventContract
) -> None:
    context = stored(contract)
    context["gift"] = True
    context["parcel"]["colour"] = "red"

    assert templates.text("{{ parcel.weight }}", context) == "1.50"


def test_an_event_without_a_contract_renders_the_context_as_it_is(templates: Templates) -> None:
    assert templates.text("{{ a.b }}", {"a": {"b": "1.50"}}) == "1.50"


@pytest.mark.parametrize(
    ("locale", "used"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("ko_KR", "ko"),
        ("pt-BR", "pt-BR"),
        ("PT_br", "pt-BR"),
        ("pt", "en"),
        ("fr-CA", "en"),
        ("", "en"),
        ("../ko", "en"),
        ("x" * 300, "en"),
    ],
)
def test_the_recipients_locale_falls_back_to_its_language_and_the_default(
    templates: Templates, locale: str, used: str
) -> None:
    for folder in ("en", "ko", "pt-BR"):
        templates.write_mail(locale=folder, text=f"{folder} {{{{ locale }}}}")

    rendered = templates.render(locale=locale)

    assert rendered.locale == used
    assert rendered.text == f"{used} {used}\n"


def test_numbers_and_dates_follow_the_recipients_region(templates: Templates) -> None:
    source = "{{ 1234.5 | quantity }} {{ '2026-11-22' | date }}"

    assert templates.text(source, locale="en") == "1,234.5 November 22, 2026"
    assert templates.text(source, locale="en-GB") == "1,234.5 22 November 2026"
    assert templates.text(source, locale="en-ZA").startswith("1\N{NO-BREAK SPACE}234")


def test_english_words_do_not_get_french_dates(templates: Templates) -> None:
    assert templates.text("{{ '2026-11-22' | date }}", locale="fr") == "November 22, 2026"


def test_a_missing_event_says_where_it_looked(templates: Templates) -> None:
    with pytest.raises(RenderingError) as failure:
        render(event="order.vanished", locale="ko-KR", context={})

    assert failure.value.code is Code.MISSING_TEMPLATE
    assert failure.value.template == "order.vanished/ko-KR/subject.txt.jinja"
    assert "ko-KR, ko, en" in failure.value.message


@pytest.mark.parametrize("event", ["../orders", "..", "/etc", "a/../..", "", "."])
def test_an_event_is_not_a_way_out_of_the_folder(templates: Templates, event: str) -> None:
    with pytest.raises(RenderingError) as failure:
        render(event=event, locale="en", context={})

    assert failure.value.code is Code.MISSING_TEMPLATE


def test_a_mail_needs_its_html(templates: Templates) -> None:
    templates.write(f"{EVENT}/en/subject.txt.jinja", "Subject")

    with pytest.raises(RenderingError) as failure:
        templates.render()

    assert failure.value.code is Code.MISSING_TEMPLATE
    assert failure.value.template == f"{EVENT}/en/body.html.jinja"


def test_an_empty_subject_is_an_error(templates: Templates) -> None:
    assert templates.failure(" \n ", part="subject").message == "the subject is empty"


def test_the_same_mail_has_the_same_fingerprint(templates: Templates) -> None:
    templates.write_mail(text="{{ a }}")

    assert templates.render({"a": "1"}).fingerprint == templates.render({"a": "1"}).fingerprint
    assert templates.render({"a": "1"}).fingerprint != templates.render({"a": "2"}).fingerprint
    assert templates.render({"a": "1"}).version == templates.render({"a": "2"}).version


@pytest.mark.parametrize("data", [None, [], "text", {1: 2}, {"shop": object()}])
def test_nothing_but_rendering_errors_leaves_render(templates: Templates, data: Any) -> None:
    templates.write_mail(text="{{ shop.name }}")

    with pytest.raises(RenderingError):
        render(event=EVENT, locale="en", context=data)


@one_folder
@given(name=st.text())
def test_a_subject_never_has_a_second_line(templates: Templates, name: str) -> None:
    templates.write_mail(subject="Hello {{ name }}\n\n\tBcc: x")

    subject = templates.render({"name": name}).subject

    assert len(f"x{subject}x".splitlines()) == 1
    assert not any(ord(character) < 32 or character == "\x7f" for character in subject)
    assert 0 < len(subject) <= 250
    subject.encode("utf-8")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_subject_cannot_grow_a_header(templates: Templates, end: str) -> None:
    templates.write_mail(subject="{{ name }}")

    assert templates.render({"name": f"Kim{end}Bcc: a@b.c"}).subject == "Kim Bcc: a@b.c"


class Elements(HTMLParser):
    """Collects what a mail reader would see as markup, and as text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [(key, None if key == "title" else value) for key, value in attrs]))

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(html: str) -> Elements:
    """Return the elements of a document."""
    found = Elements()
    found.feed(html)
    found.close()
    return found


MARKUP = st.text(alphabet="<>&'\"/=;! -aibscriptonload{}%#&lt;", max_size=60) | st.text(max_size=30)
HTML = """<html><head><title>{{ name }}</title><style>p { color: red }</style></head><body>
{%- from "_partials/x.html.jinja" import show %}
<p title="{{ name }}">{{ name }}</p><div>{{ show(name) }}
{% call show('', calls=true) %}{{ name }}{% endcall %}
{%- set again %}<i>{{ name }}</i>{% endset %}{{ again }}{{ "<b>%s</b>" | format(name) }}
{{- ["<u>", name] | join("<s>") }}{{ "<em>" ~ name }}{{ name | replace("a", "<b>") }}
{{- name | upper }}{{ name | e | replace("&lt;", "<") }}{{ name | truncate(5) }}</div>
</body></html>"""


@one_folder
@given(name=MARKUP)
def test_markup_in_a_name_never_becomes_markup(templates: Templates, name: str) -> None:
    templates.write(
        "_partials/x.html.jinja",
        "{% macro show(x, calls=false) %}<b>{{ x }}"
        "{% if calls %}{{ caller() }}{% endif %}</b>{% endmacro %}",
    )
    templates.write_mail(html=HTML)

    plain = elements(templates.render({"name": "Kim"}).html)
    with_markup = elements(templates.render({"name": name}).html)

    assert with_markup.tags == plain.tags


def test_a_name_is_shown_as_it_was_written(templates: Templates) -> None:
    name = "<script>alert('x')</script> & Co."

    assert name in elements(templates.html("<p>{{ name }}</p>", {"name": name})).text
    assert templates.text("{{ name }}", {"name": name}) == name


@one_folder
@given(name=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_every_part_can_be_sent(templates: Templates, name: str) -> None:
    templates.write_mail(subject="S {{ name }}", html="<p>{{ name }}</p>", text="{{ name }}")

    rendered = templates.render({"name": name})

    for part in (rendered.subject, rendered.html, rendered.text):
        part.encode("utf-8")
        assert "\x00" not in part
        assert "\r" not in part


def test_a_partial_of_a_later_directory_serves_a_template_of_an_earlier_one(
    templates: Templates, tmp_path: Path, settings: Settings
) -> None:
    shared = tmp_path / "shared"
    Templates(folder=shared).write("_partials/x.txt.jinja", "shared {{ t.word }}")
    Templates(folder=shared).write("_strings/en.toml", 'word = "words"')
    settings.TEMPLATES_EMAIL_DIRS = [tmp_path, shared]

    assert templates.text("{% include '_partials/x.txt.jinja' %}") == "shared words"
