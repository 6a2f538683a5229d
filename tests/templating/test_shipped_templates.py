"""The templates that Postroom ships: complete in each locale, fit for every event's samples."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from notifications.messages import MessageContext
from orders.contexts import OrderContext
from templating import contracts
from templating.filters.localised import written_money
from templating.rendering import Rendered, render
from tests.support.mail_html import dark_declarations, elements

FOLDER = Path(settings.BASE_DIR) / "templates_email"
LOCALES = sorted(path.stem for path in (FOLDER / "_strings").glob("*.toml"))
PARTS = {"subject.txt.jinja", "body.html.jinja", "body.txt.jinja"}
EVENTS = [
    contract.event for contract in contracts.registered() if contract.event.startswith("order.")
]
SAMPLES = [
    pytest.param(event, locale, sample, id=f"{event}-{locale}-{sample}")
    for event in EVENTS
    for locale in LOCALES
    for sample in contracts.get(event).samples
]
every_sample = pytest.mark.parametrize(("event", "locale", "sample"), SAMPLES)
every_mail = pytest.mark.parametrize("event", EVENTS)
every_locale = pytest.mark.parametrize("locale", LOCALES)

GMAIL_CLIPS_AT = 102 * 1024


def context_of(event: str, sample: str) -> OrderContext:
    context = contracts.get(event).samples[sample]
    assert isinstance(context, OrderContext)
    return context


def mail(event: str, locale: str, sample: str) -> Rendered:
    context = context_of(event, sample).model_dump(mode="json")
    return render(event=event, locale=locale, context=context)


def default_mail(event: str, locale: str) -> Rendered:
    return mail(event, locale, next(iter(contracts.get(event).samples)))


def strings(locale: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / "_strings" / f"{locale}.toml").read_text("utf-8"))


def test_english_and_korean_are_shipped() -> None:
    assert LOCALES == ["en", "ko"]


@every_mail
@every_locale
def test_every_event_has_all_its_parts_in_every_locale(event: str, locale: str) -> None:
    assert {path.name for path in (FOLDER / event / locale).iterdir()} == PARTS


def test_every_folder_belongs_to_a_registered_event() -> None:
    folders = {path.name for path in FOLDER.iterdir() if not path.name.startswith("_")}
    assert folders == {
        contract.event
        for contract in contracts.registered()
        if contract.event.startswith(("order.", "report.", "shop."))
    }


def test_the_locales_have_the_same_words() -> None:
    first, *others = (strings(locale) for locale in LOCALES)
    assert all(other.keys() == first.keys() for other in others)


def test_every_word_is_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.jinja"))
    used = set(re.findall(r"\bt\.(\w+)", sources))
    assert used == strings("en").keys()


@every_sample
def test_each_sample_renders_in_the_locale_asked_for(event: str, locale: str, sample: str) -> None:
    rendered = mail(event, locale, sample)
    assert rendered.locale == locale
    assert f'<html lang="{locale}"' in rendered.html
    assert "Undefined" not in rendered.html + rendered.text


@every_sample
def test_both_bodies_state_the_total(event: str, locale: str, sample: str) -> None:
    rendered, order = mail(event, locale, sample), context_of(event, sample).order
    total = written_money(order.total, order.currency, locale)
    assert spaces_alike(total) in spaces_alike(rendered.text)
    assert spaces_alike(total) in spaces_alike(rendered.html)


@every_sample
def test_amounts_of_zero_are_left_out(event: str, locale: str, sample: str) -> None:
    rendered, order = mail(event, locale, sample), context_of(event, sample).order
    shown = {line.split("  ")[0] for line in rendered.text.splitlines()}
    for name in ("shipping", "discount", "tax"):
        assert (strings(locale)[name] in shown) == (getattr(order, name) != 0)


@every_sample
def test_the_subject_is_one_line_with_the_order_and_the_shop(
    event: str, locale: str, sample: str
) -> None:
    subject, context = mail(event, locale, sample).subject, context_of(event, sample)
    assert subject == " ".join(subject.split())
    assert context.order.number in subject
    assert subject.endswith(context.shop.name)


@every_mail
@every_locale
def test_the_default_subject_is_short_enough_for_an_inbox(event: str, locale: str) -> None:
    assert len(default_mail(event, locale).subject) <= 60


@every_sample
def test_the_html_is_not_clipped_by_gmail(event: str, locale: str, sample: str) -> None:
    assert len(mail(event, locale, sample).html.encode()) < GMAIL_CLIPS_AT


@every_sample
def test_links_are_absolute(event: str, locale: str, sample: str) -> None:
    links = elements(mail(event, locale, sample).html, "a")
    assert links
    assert all(
        (link.attributes["href"] or "").startswith(("https://", "http://", "mailto:"))
        for link in links
    )


@every_sample
def test_names_never_become_markup(event: str, locale: str, sample: str) -> None:
    assert not elements(mail(event, locale, sample).html, "script", "b", "iframe", "form")


@every_sample
def test_the_text_is_tidy(event: str, locale: str, sample: str) -> None:
    text = mail(event, locale, sample).text
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


@every_mail
@every_locale
def test_the_shops_copy_says_so(event: str, locale: str) -> None:
    words, copy = strings(locale), mail(event, locale, "the shop's own copy")
    assert copy.subject.startswith(words["copy_mark"])
    assert words["copy_banner"] in copy.html
    assert words["copy_banner"] in copy.text
    assert words["copy_banner"] not in default_mail(event, locale).html


@every_mail
@every_locale
def test_a_customer_without_a_name_is_greeted(event: str, locale: str) -> None:
    nameless = mail(event, locale, "zero totals")
    assert strings(locale)["greeting_unnamed"] in nameless.html
    assert strings(locale)["greeting_unnamed"] in nameless.text


@every_mail
@every_locale
def test_dark_rules_beat_the_inlined_ones(event: str, locale: str) -> None:
    declarations = dark_declarations(default_mail(event, locale).html)
    assert len(declarations) > 10
    assert all(declaration.endswith("!important") for declaration in declarations)


@every_mail
@every_locale
def test_styles_are_inlined_and_outlooks_are_kept(event: str, locale: str) -> None:
    html = default_mail(event, locale).html
    assert re.search(r'<h1 style="[^"]*font-size', html)
    assert "[data-ogsc]" in html
    assert "<!--[if mso]>" in html


@every_mail
@every_locale
def test_layout_tables_are_not_read_out_as_data(event: str, locale: str) -> None:
    tables = elements(default_mail(event, locale).html, "table")
    data = [table for table in tables if table.attributes.get("role") != "presentation"]
    assert len(data) == 1  # the order's lines, which have headers


@every_locale
def test_a_logo_has_the_shops_name_as_its_text(locale: str) -> None:
    context = context_of("order.placed", "typical")
    logo = "https://shop.example.com/logo.png"
    shop = context.shop.model_copy(update={"logo_url": logo})
    rendered = render(
        event="order.placed",
        locale=locale,
        context=context.model_copy(update={"shop": shop}).model_dump(mode="json"),
    )
    (image,) = elements(rendered.html, "img")
    assert (image.attributes["src"], image.attributes["alt"]) == (logo, context.shop.name)


@every_locale
def test_tracking_has_a_button_where_there_is_something_to_track(locale: str) -> None:
    tracked = mail("order.shipped", locale, "typical")
    untracked = mail("order.shipped", locale, "without tracking")
    assert strings(locale)["track"] in tracked.html
    assert "https://carrier.example.com/track/456789012345" in tracked.text
    assert strings(locale)["track"] not in untracked.html + untracked.text


@every_locale
def test_a_billing_address_is_shown_when_it_differs(locale: str) -> None:
    context = context_of("order.placed", "typical")
    assert context.order.shipping_address is not None
    label = strings(locale)["billing_address"]
    for name, expected in ((context.order.shipping_address.name, False), ("Charles Babbage", True)):
        billing = context.order.shipping_address.model_copy(update={"name": name})
        order = context.order.model_copy(update={"billing_address": billing})
        changed = context.model_copy(update={"order": order}).model_dump(mode="json")
        rendered = render(event="order.placed", locale=locale, context=changed)
        assert (label in rendered.html) is (label in rendered.text) is expected


def spaces_alike(text: str) -> str:
    return re.sub(r"&nbsp;|\s+", " ", text)


@every_locale
@pytest.mark.parametrize("sample", contracts.get("shop.message").samples)
def test_a_message_holds_what_was_written_and_blames_no_order(locale: str, sample: str) -> None:
    context = contracts.get("shop.message").samples[sample]
    assert isinstance(context, MessageContext)
    rendered = render(event="shop.message", locale=locale, context=context.model_dump(mode="json"))
    assert rendered.subject == f"{context.subject} · {context.shop.name}"
    for part in (rendered.html, rendered.text):
        assert all(paragraph in part for paragraph in context.paragraphs)
        assert context.name in part
        assert strings(locale)["why_message"] in part
        assert strings(locale)["why_customer"] not in part
    assert (context.action is None) or context.action.url in rendered.text
