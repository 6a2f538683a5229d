"""The checker finds every seeded mistake, at its place and with what was meant."""

from pathlib import Path

import pytest
from django.conf import settings

from templating.checking.checker import check
from templating.checking.problems import Problem
from templating.sources import FileSource, TextSource
from tests.templating.checking.mistakes import (
    HTML,
    MARK,
    MISTAKES,
    SUBJECT,
    SYNTAX_ERRORS,
    TEXT,
    Mistake,
)

EVENT = "order.shipped"
FOLDER = Path(settings.BASE_DIR) / "templates_email"
SOUND = {SUBJECT: "Your order", HTML: "<p>Your order</p>", TEXT: "Your order"}


def problems(files: dict[str, str], *, locale: str = "en") -> list[Problem]:
    """Check the event's mail with these files in place of the shipped ones."""
    texts = {
        name if name.startswith("_") else f"{EVENT}/{locale}/{name}": text
        for name, text in {**SOUND, **files}.items()
    }
    source = TextSource(texts, behind=FileSource([FOLDER]))
    found = check(event=EVENT, locale=locale, source=source, default_locale="en")
    return [problem for problem in found if problem.blocks]


def test_there_are_at_least_forty_seeded_mistakes() -> None:
    assert len(MISTAKES) + len(SYNTAX_ERRORS) >= 40


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_found_at_its_place_with_what_was_meant(mistake: Mistake) -> None:
    before, _, _ = mistake.text.partition(MARK)
    files = {mistake.template: mistake.text.replace(MARK, "")}
    if mistake.body is not None:
        files[TEXT] = mistake.body

    found = problems(files)

    assert len(found) == 1, "\n".join(map(str, found))
    (problem,) = found
    assert problem.template.endswith(mistake.template)
    assert problem.code is mistake.code
    assert problem.line == before.count("\n") + 1
    assert problem.column == len(before.rpartition("\n")[2]) + 1
    assert problem.suggestion == mistake.suggestion


@pytest.mark.parametrize(
    ("text", "line"), [pytest.param(text, line, id=about) for about, text, line in SYNTAX_ERRORS]
)
def test_what_cannot_be_parsed_or_is_refused_is_found_at_its_line(text: str, line: int) -> None:
    found = problems({TEXT: text})

    assert [(problem.template, problem.line) for problem in found] == [(f"{EVENT}/en/{TEXT}", line)]
