"""Finds the bundle for an event and a locale; keeps what it found for the life of the process.

A mail costs no parsing and no look at the file system. In development files are read again for
every mail, so that an edit shows at once, and only those that changed are compiled again.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from templating.bundles import Bundle, collect
from templating.locales import normalise
from templating.sources import FileSource

MOST_KEPT = 2_000  # bounds what unusual locales of recipients can fill


class Catalogue:
    """The templates below some directories."""

    def __init__(self, *, directories: tuple[Path, ...], default_locale: str) -> None:
        self._source = FileSource(directories)
        self._default_locale = default_locale
        self._kept: dict[tuple[str, str], Bundle] = {}

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


@lru_cache(maxsize=8)
def _catalogue(directories: tuple[Path, ...], default_locale: str) -> Catalogue:
    return Catalogue(directories=directories, default_locale=default_locale)


def find(*, event: str, locale: str) -> Bundle:
    """Return the live bundle, as the settings say where templates are. Raises RenderingError."""
    catalogue = _catalogue(tuple(settings.TEMPLATES_EMAIL_DIRS), settings.DEFAULT_LOCALE)
    return catalogue.find(event=event, locale=locale, fresh=settings.DEBUG)
