"""Finds the bundle for an event and a locale; keeps what it found for the life of the process.

A mail costs no parsing and no look at the file system. In development files are read again for
every mail, so that an edit shows at once, and only those that changed are compiled again.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from templating import published
from templating.bundles import SUBJECT, Bundle, collect
from templating.locales import candidates, normalise
from templating.sources import FileSource

MOST_KEPT = 2_000  # bounds what unusual locales of recipients can fill


class Catalogue:
    """The templates below some directories."""

    def __init__(self, *, directories: tuple[Path, ...], default_locale: str) -> None:
        self._source = FileSource(directories)
        self._default_locale = default_locale
        self._kept: dict[tuple[str, str], Bundle] = {}
        self._there: dict[tuple[str, str], bool] = {}

    def find(self, *, event: str, locale: str, fresh: bool) -> Bundle:
        """Return the bundle for a recipient's locale; `fresh` reads the files again.

        Raises RenderingError where there is none or it cannot be compiled.
        """
        key = (event, normalise(locale))
        bundle = None if fresh else self._kept.get(key)
        if bundle is None:
            bundle = collect(
                self._source,
                event=event,
                locale=locale,
                default=self._default_locale,
                origin="file",
            )
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = bundle
        return bundle

    def has(self, *, event: str, locale: str, fresh: bool) -> bool:
        """Whether there are files for exactly this locale; `fresh` looks again."""
        key = (event, locale)
        if fresh or key not in self._there:
            there = self._source.read(f"{event}/{locale}/{SUBJECT}") is not None
            if len(self._there) >= MOST_KEPT:
                self._there.clear()
            self._there[key] = there
            return there
        return self._there[key]

    def used(self) -> tuple[Bundle, ...]:
        """Return the bundles that were found so far."""
        return tuple(self._kept.values())


@lru_cache(maxsize=8)
def _catalogue(directories: tuple[Path, ...], default_locale: str) -> Catalogue:
    return Catalogue(directories=directories, default_locale=default_locale)


def _current() -> Catalogue:
    return _catalogue(tuple(settings.TEMPLATES_EMAIL_DIRS), settings.DEFAULT_LOCALE)


def used() -> tuple[Bundle, ...]:
    """Return the bundles of files that this process has used."""
    return _current().used()


def find(*, event: str, locale: str) -> Bundle:
    """Return the live bundle: a published version, or files where there is none.

    Looks for the recipient's locale, its language, then the default's, each in both places.
    Raises RenderingError.
    """
    if published.has(event):
        for candidate in candidates(locale, default=settings.DEFAULT_LOCALE):
            bundle = published.find(event, candidate)
            if bundle is not None:
                return bundle
            if _current().has(event=event, locale=candidate, fresh=settings.DEBUG):
                break
    return _current().find(event=event, locale=locale, fresh=settings.DEBUG)
