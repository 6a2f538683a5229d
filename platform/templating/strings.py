"""The words of layouts and partials in one locale: what templates see as `t`."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from templating.errors import Code, RenderingError
from templating.locales import candidates
from templating.sources import Source


def files(source: Source, *, locale: str, default: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of the strings files that a locale's words come from, best first."""
    for candidate in candidates(locale, default=default):
        name = f"_strings/{candidate}.toml"
        text = source.read(name)
        if text is not None:
            yield name, text


def merged(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the words of several strings files, of which the earlier ones win.

    Raises RenderingError for a file that is not TOML.
    """
    words: dict[str, Any] = {}
    for name, text in texts.items():
        _fill(words, _parsed(name, text))
    return words


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        raise RenderingError(
            template=name,
            line=int(place[1]) if place else None,
            message=f"the strings are not TOML: {error}",
            code=Code.SYNTAX,
        ) from error


def _fill(words: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        known = words.setdefault(key, value)
        if isinstance(known, dict) and isinstance(value, dict) and known is not value:
            _fill(known, value)
