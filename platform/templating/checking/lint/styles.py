"""Looks at style sheets: dark rules that lose to inlined styles, and what clients do not know."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from templating.checking.lint.markup import ATTRIBUTE, ELEMENT, Markup
from templating.checking.problems import Problem, ProblemCode

HERE = Path(__file__).parent
STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
DARK = re.compile(
    r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{((?:[^{}]*\{[^{}]*\})*)", re.IGNORECASE
)
RULE = re.compile(r"\{([^{}]*)\}")
DECLARATION = re.compile(r"([A-Za-z-]+)\s*:\s*([^;{}]+)")
DISPLAY = {"flex": "css-display-flex", "grid": "css-display-grid"}


@lru_cache(maxsize=1)
def features() -> Mapping[str, Any]:
    """Return caniemail's features that a wide-spread client does not support, by slug."""
    text = (HERE / "caniemail" / "features.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)["features"]
    return found


@lru_cache(maxsize=1)
def harmless() -> Mapping[str, str]:
    """Return the features whose absence does no harm, with the reason."""
    return tomllib.loads((HERE / "harmless.toml").read_text(encoding="utf-8"))


def look(markup: Markup, *, inlined: frozenset[str]) -> Iterator[Problem]:
    """Yield advice on a template's styles; `inlined` are the properties of the plain rules."""
    for sheet in STYLE.finditer(markup.text):
        yield from _dark(markup, sheet, inlined)
        plain = _without_media(sheet[1])
        yield from _unsupported(markup, plain, sheet.start(1))
    for element in ELEMENT.finditer(markup.text):
        yield from _supported(markup, f"html-{element[1].lower()}", element.start())
        for attribute in ATTRIBUTE.finditer(element[2]):
            if attribute[1].lower() == "style":
                at = element.start(2) + attribute.start(2)
                yield from _unsupported(markup, attribute[2] or "", at, whole=True)


def plain_properties(markup: Markup) -> frozenset[str]:
    """Return the properties that a template's plain rules set: those which are inlined."""
    return frozenset(
        declaration[1].lower()
        for sheet in STYLE.finditer(markup.text)
        for rule in RULE.finditer(_without_media(sheet[1]))
        for declaration in DECLARATION.finditer(rule[1])
    )


def _without_media(sheet: str) -> str:
    """Blank @media rules: clients that do not know them skip them."""
    media = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}")
    return media.sub(lambda match: " " * len(match[0]), sheet)


def _dark(markup: Markup, sheet: re.Match[str], inlined: frozenset[str]) -> Iterator[Problem]:
    for dark in DARK.finditer(sheet[1]):
        for rule in RULE.finditer(dark[1]):
            for declaration in DECLARATION.finditer(rule[1]):
                if declaration[1].lower() in inlined and "!important" not in declaration[2]:
                    at = sheet.start(1) + dark.start(1) + rule.start(1) + declaration.start()
                    yield markup.advice(
                        at,
                        ProblemCode.DARK_MODE,
                        f"{declaration[1]} needs !important here: the plain rules are inlined, "
                        "and inlined styles win over dark ones",
                    )


def _unsupported(
    markup: Markup, styles: str, start: int, *, whole: bool = False
) -> Iterator[Problem]:
    bodies = [(styles, 0)] if whole else [(one[1], one.start(1)) for one in RULE.finditer(styles)]
    for body, offset in bodies:
        for declaration in DECLARATION.finditer(body):
            name, value = declaration[1].lower(), declaration[2].strip().lower()
            slug = DISPLAY.get(value.split()[0], "") if name == "display" else f"css-{name}"
            yield from _supported(markup, slug, start + offset + declaration.start())


def _supported(markup: Markup, slug: str, at: int) -> Iterator[Problem]:
    feature = features().get(slug)
    if feature is not None and slug not in harmless():
        clients = ", ".join(feature["unsupported"])
        yield markup.advice(
            at, ProblemCode.CLIENT_SUPPORT, f"{feature['title']} is not known to {clients}"
        )
