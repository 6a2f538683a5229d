"""Which files a mail is made of: found once, compiled once, and known by a version."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from templating import bundles
from templating.environment import TemplateEnvironment
from tests.templating.folders import EVENT, Templates


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the templates that were parsed."""
    parsed: list[str] = []
    parse = TemplateEnvironment._parse

    def counting(
        self: TemplateEnvironment, source: str, name: str | None, filename: str | None
    ) -> object:
        parsed.append(str(name))
        return parse(self, source, name, filename)

    monkeypatch.setattr(TemplateEnvironment, "_parse", counting)
    bundles.compile_file.cache_clear()
    return parsed


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened or looked at."""
    touched: list[str] = []

    def noting(function: Callable[..., object]) -> Callable[..., object]:
        def noted(path: Path, *args: object, **kwargs: object) -> object:
            touched.append(str(path))
            return function(path, *args, **kwargs)

        return noted

    for name in ("open", "stat", "exists", "read_text", "is_file"):
        monkeypatch.setattr(Path, name, noting(getattr(Path, name)))
    monkeypatch.setattr(os, "stat", noting(os.stat))
    return touched


def write_all(templates: Templates) -> None:
    """Write a mail with a layout, a partial and strings."""
    templates.write("_strings/en.toml", 'hello = "Hello"')
    templates.write("_layouts/x.html.jinja", "<h1>{{ t.hello }}</h1>{% block b %}{% endblock %}")
    templates.write("_partials/x.html.jinja", "{% macro show(x) %}<b>{{ x }}</b>{% endmacro %}")
    templates.write("_partials/unused.html.jinja", "unused")
    templates.write_mail(
        html="{% extends '_layouts/x.html.jinja' %}"
        "{% from '_partials/x.html.jinja' import show %}{% block b %}{{ show(1) }}{% endblock %}"
    )


def test_in_production_a_mail_parses_nothing_and_looks_at_no_file(
    templates: Templates, settings: Settings, parses: list[str], reads: list[str]
) -> None:
    settings.DEBUG = False
    write_all(templates)
    templates.render()
    assert sorted(parses) == [
        "_layouts/x.html.jinja",
        "_partials/x.html.jinja",
        f"{EVENT}/en/body.html.jinja",
        f"{EVENT}/en/body.txt.jinja",
        f"{EVENT}/en/subject.txt.jinja",
    ]
    parses.clear()
    reads.clear()

    for _ in range(3):
        templates.render()

    assert parses == []
    assert reads == []


def test_locales_with_the_same_files_are_parsed_once(
    templates: Templates, settings: Settings, parses: list[str]
) -> None:
    settings.DEBUG = False
    write_all(templates)
    templates.render(locale="en")
    parses.clear()

    versions = {templates.render(locale=locale).version for locale in ("en", "en-GB", "fr", "ko")}

    assert len(versions) == 1
    assert parses == []


def test_in_development_an_edit_shows_at_once_and_only_it_is_parsed(
    templates: Templates, parses: list[str]
) -> None:
    write_all(templates)
    templates.render()
    parses.clear()
    templates.write("_partials/x.html.jinja", "{% macro show(x) %}<i>{{ x }}</i>{% endmacro %}")

    assert "<i>1</i>" in templates.render().html
    assert parses == ["_partials/x.html.jinja"]


@pytest.mark.parametrize(
    "name",
    [
        "_strings/en.toml",
        "_layouts/x.html.jinja",
        "_partials/x.html.jinja",
        f"{EVENT}/en/subject.txt.jinja",
        f"{EVENT}/en/body.html.jinja",
        f"{EVENT}/en/body.txt.jinja",
    ],
)
def test_a_version_includes_every_file_of_the_mail(templates: Templates, name: str) -> None:
    write_all(templates)
    before = templates.render().version

    path = templates.folder / name
    comment = "# x" if name.endswith(".toml") else "{# x #}"
    path.write_text(path.read_text(encoding="utf-8") + comment, encoding="utf-8")

    assert templates.render().version != before


def test_a_version_does_not_change_with_other_files(templates: Templates) -> None:
    write_all(templates)
    before = templates.render().version

    templates.write("_partials/unused.html.jinja", "changed")

    assert templates.render().version == before
    assert before.startswith("file:")


def test_an_optional_file_that_appears_changes_the_version(templates: Templates) -> None:
    templates.write_mail(text="{% include '_partials/x.txt.jinja' ignore missing %}.")
    before = templates.render()
    templates.write("_partials/x.txt.jinja", "now")

    after = templates.render()

    assert (before.text, after.text) == (".\n", "now.\n")
    assert before.version != after.version


def test_a_mended_template_renders_without_a_restart_in_production_too(
    templates: Templates, settings: Settings
) -> None:
    settings.DEBUG = False
    templates.failure("{% if %}")
    templates.write_mail(text="mended")

    assert templates.render().text == "mended\n"
