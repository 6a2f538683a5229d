"""Checks all templates of a source: every event in every locale that it has templates for."""

from templating import contracts
from templating.bundles import PARTS
from templating.checking.checker import check, ordered
from templating.checking.lint.translations import missing_locales
from templating.checking.problems import Problem
from templating.sources import Source


def locales_of(event: str, *, source: Source) -> tuple[str, ...]:
    """Return the locales that an event has templates in."""
    found = {
        parts[1]
        for parts in (name.split("/") for name in source.names())
        if len(parts) == 3 and parts[0] == event and parts[2] in PARTS
    }
    return tuple(sorted(found))


def check_all(
    *, source: Source, default_locale: str, event: str | None = None, locale: str | None = None
) -> tuple[Problem, ...]:
    """Return the problems of all templates, or of one event's, or of one locale's.

    Problems of a layout are reported once, however many mails use it. Raises UnknownEvent.
    """
    wanted = [contracts.get(event)] if event else contracts.registered()
    found = [
        problem
        for contract in wanted
        for each in locales_of(contract.event, source=source) or (default_locale,)
        if locale is None or each == locale
        for problem in check(
            event=contract.event, locale=each, source=source, default_locale=default_locale
        )
    ]
    known = {
        each
        for contract in contracts.registered()
        for each in locales_of(contract.event, source=source)
    }
    for contract in wanted if locale is None else ():
        has = locales_of(contract.event, source=source)
        found += missing_locales(contract.event, has=has, known=known)
    return ordered(found)
