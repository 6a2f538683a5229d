"""README.md and README.ko.md say the same, and what they point at exists."""

import re
from pathlib import Path

import pytest

from tests.support.processes import REPOSITORY

ENGLISH, KOREAN = REPOSITORY / "README.md", REPOSITORY / "README.ko.md"
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
NAME = re.compile(r"`([^`\n]+)`")


def code(page: Path) -> list[str]:
    return CODE.findall(page.read_text(encoding="utf-8"))


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[int]:
    """The levels of a page's headings, in their order."""
    return [len(level) for level in re.findall(r"^(#+) ", prose(page), re.MULTILINE)]


def test_the_korean_page_has_the_same_headings_and_commands() -> None:
    assert headings(KOREAN) == headings(ENGLISH)
    assert code(KOREAN) == code(ENGLISH)


def test_the_korean_page_names_and_links_the_same_things() -> None:
    languages = {"README.md", "README.ko.md"}
    assert set(NAME.findall(prose(KOREAN))) == set(NAME.findall(prose(ENGLISH)))
    linked = [set(LINK.findall(prose(page))) - languages for page in (ENGLISH, KOREAN)]
    assert linked[0] == linked[1]


PAGES = [ENGLISH, KOREAN, REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_points_at_exists(page: Path) -> None:
    missing = [link for link in LINK.findall(prose(page)) if not (page.parent / link).exists()]
    assert missing == []


def test_every_command_of_make_that_a_page_names_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"\bmake ([a-z][a-z-]+)\b", "\n".join(_commands(page)))
    }
    assert {(page, target) for page, target in named if target not in targets} == set()


def _commands(page: Path) -> list[str]:
    """Return what stands in code, where `make` is the program and no verb."""
    return [*code(page), *NAME.findall(prose(page))]
