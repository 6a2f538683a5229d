"""Finds what is not translated: locales that an event lacks, and words that a locale lacks."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from templating.checking.problems import Problem, ProblemCode, Severity
from templating.sources import Source


def missing_words(source: Source, *, locale: str, default: str) -> Iterator[Problem]:
    """Yield advice on words that only the default locale has, which would be shown in its own."""
    name = f"_strings/{locale}.toml"
    own, others = _words(source, name), _words(source, f"_strings/{default}.toml")
    if own is None or others is None:
        return
    for word in others:
        if word not in own:
            yield _advice(name, f"{word!r} is not translated: it is shown in {default!r}")


def missing_locales(event: str, *, has: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """Yield advice on locales that other events have templates in, and this one does not."""
    for locale in sorted(set(known) - set(has)):
        yield _advice(f"{event}/{locale}", f"{event} has no templates in {locale!r}")


def _words(source: Source, name: str) -> Mapping[str, Any] | None:
    text = source.read(name)
    return None if text is None else tomllib.loads(text)


def _advice(template: str, message: str) -> Problem:
    return Problem(
        severity=Severity.ADVICE,
        code=ProblemCode.MISSING_TRANSLATION,
        template=template,
        message=message,
    )
