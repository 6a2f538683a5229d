"""Advice: what works and could be better, at its line; it never blocks publishing."""

import pytest

from templating.checking.checker import check
from templating.checking.everything import check_all
from templating.checking.problems import Problem, ProblemCode
from templating.sources import FileSource, TextSource
from tests.templating.checking.mistakes import HTML, SUBJECT, TEXT
from tests.templating.checking.test_mistakes import EVENT, FOLDER, SOUND


def advice(files: dict[str, str], *, without: str = "") -> list[Problem]:
    texts = {
        f"{EVENT}/xx/{name}": text for name, text in {**SOUND, **files}.items() if name != without
    }
    source = TextSource(texts, behind=FileSource([FOLDER]))
    found = check(event=EVENT, locale="xx", source=source, default_locale="en")
    assert not [problem for problem in found if problem.blocks]
    return list(found)


@pytest.mark.parametrize(
    ("html", "code", "place"),
    [
        ('<p>\n<img src="https://a.example/b.png">', ProblemCode.MISSING_ALT, (2, 1)),
        ('<p>x</p>\n<a href="/orders">Orders</a>', ProblemCode.RELATIVE_LINK, (2, 10)),
        ('<img alt="" src="logo.png">', ProblemCode.RELATIVE_LINK, (1, 18)),
        ('<a href="/{{ order.number }}">Order</a>', ProblemCode.RELATIVE_LINK, (1, 10)),
        ('<p style="display: flex">x</p>', ProblemCode.CLIENT_SUPPORT, (1, 11)),
        ("<style>\np { box-shadow: 0 0 1px red; }\n</style>", ProblemCode.CLIENT_SUPPORT, (2, 5)),
        ("<p>x</p><video></video>", ProblemCode.CLIENT_SUPPORT, (1, 9)),
        (
            (
                "<style>\np { color: black }\n@media (prefers-color-scheme: dark) {\n"
                "p { color: white }\n}</style>"
            ),
            ProblemCode.DARK_MODE,
            (4, 5),
        ),
    ],
)
def test_advice_on_html_has_its_place(html: str, code: ProblemCode, place: tuple[int, int]) -> None:
    found = [problem for problem in advice({HTML: html}) if problem.line is not None]

    assert [(one.code, (one.line, one.column)) for one in found] == [(code, place)]


@pytest.mark.parametrize(
    "html",
    [
        '<img alt="" src="https://a.example/b.png">',
        '<a href="{{ order.url or shop.url }}">x</a><a href="mailto:a@example.com">y</a>',
        "<!-- <img> --><p>x</p>{# <img> #}",
        (
            "<style>p { color: black }\n@media (prefers-color-scheme: dark) "
            "{ p { color: white !important } }</style>"
        ),
        '<a title=">" href="https://a.example">x</a>',
    ],
)
def test_sound_html_gets_no_advice(html: str) -> None:
    assert advice({HTML: html}) == []


def test_a_link_that_only_a_rendering_shows_to_be_relative_is_found() -> None:
    (problem,) = advice({HTML: '<a href="{{ order.number }}">x</a>'})

    assert (problem.code, problem.template) == (ProblemCode.RELATIVE_LINK, f"{EVENT}/xx/{HTML}")


def test_a_mail_that_gmail_would_cut_off_is_found() -> None:
    (problem,) = advice({HTML: "<p>" + "tea " * 30_000 + "</p>"})

    assert problem.code is ProblemCode.TOO_LARGE


def test_a_long_subject_is_found() -> None:
    (problem,) = advice({SUBJECT: "word " * 20})

    assert problem.code is ProblemCode.LONG_SUBJECT


def test_a_missing_text_part_is_found() -> None:
    (problem,) = advice({}, without=TEXT)

    assert problem.code is ProblemCode.MISSING_TEXT


def test_a_word_that_is_not_translated_is_found() -> None:
    source = TextSource({"_strings/ko.toml": 'order = "주문"'}, behind=FileSource([FOLDER]))

    found = check(event="order.paid", locale="ko", source=source, default_locale="en")

    assert {problem.code for problem in found} == {ProblemCode.MISSING_TRANSLATION}
    assert any("'total'" in problem.message for problem in found)


def test_a_locale_that_one_event_lacks_is_found() -> None:
    texts = {f"order.paid/fr/{name}": text for name, text in SOUND.items()}
    source = TextSource(texts, behind=FileSource([FOLDER]))

    found = check_all(source=source, default_locale="en")

    missing = {one.template for one in found if one.code is ProblemCode.MISSING_TRANSLATION}
    assert "order.shipped/fr" in missing
    assert "order.paid/fr" not in missing
