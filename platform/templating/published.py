"""The published versions that are live, in this process's memory; see `live` for how they get here.

Rendering looks here first and never asks the database, so a mail in a published version costs what
one in a file's costs: no query, and no parsing but for the first mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from templating.bundles import Bundle, collect
from templating.sources import TextSource


@dataclass(frozen=True, kw_only=True)
class Stored:
    """All files of one event's mail in one locale, as they were published or sent.

    `texts` are the files by name, layouts, partials and strings included. `origin` begins the
    version that records name ("v3"); the rest of it is the hash of the texts.
    """

    event: str
    locale: str
    default_locale: str
    texts: Mapping[str, str]
    origin: str

    def bundle(self) -> Bundle:
        """Return it compiled. Raises RenderingError."""
        return collect(
            TextSource(self.texts),
            event=self.event,
            locale=self.locale,
            default=self.default_locale,
            origin=self.origin,
        )


class Published:
    """What is live, until the next change replaces all of it."""

    def __init__(
        self,
        stored: Mapping[tuple[str, str], Stored],
        bundles: Mapping[tuple[str, str], Bundle],
    ) -> None:
        self.stored = stored
        self.bundles = dict(bundles)
        self.events = frozenset(event for event, _ in stored)

    def find(self, event: str, locale: str) -> Bundle | None:
        """Return the live version in exactly this locale, or None. Raises RenderingError."""
        key = (event, locale)
        bundle = self.bundles.get(key)
        if bundle is None and key in self.stored:
            bundle = self.bundles[key] = self.stored[key].bundle()
        return bundle


_live = Published({}, {})


def find(event: str, locale: str) -> Bundle | None:
    """Return the live version of an event in exactly this locale, or None where files are live."""
    return _live.find(event, locale)


def has(event: str) -> bool:
    """Whether any locale of an event has a published version."""
    return event in _live.events


def replace(stored: Mapping[tuple[str, str], Stored]) -> None:
    """Make these the live versions, all at once. Those that did not change stay compiled."""
    global _live  # noqa: PLW0603 - one assignment, so that a thread sees all or nothing
    kept = {
        key: bundle
        for key, bundle in _live.bundles.items()
        if key in stored and stored[key] == _live.stored.get(key)
    }
    _live = Published(stored, kept)
