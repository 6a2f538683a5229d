"""All that is live, read once: every mail there is, and the texts that each is made of."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from django.conf import settings

from templating import contracts, locales
from templating.bundles import PARTS, SUBJECT, collect
from templating.checking.parsing import Reading
from templating.errors import RenderingError
from templating.models import Template, TemplateVersion
from templating.publishing import Target, source_of_version
from templating.sources import FileSource, Source

SHARED = ("_layouts/", "_partials/", "_strings/")


def mails_among(names: Iterable[str]) -> frozenset[Target]:
    """Return the mails that files of these names make."""
    found = (name.split("/") for name in names if name.endswith(f"/{SUBJECT}"))
    return frozenset(Target(parts[0], parts[1]) for parts in found if len(parts) == 3)


class Inventory:
    """The mails of all registered events, as they stand at this moment.

    Made for one request and then thrown away: it holds what it has read.
    """

    def __init__(self) -> None:
        self.files = FileSource(settings.TEMPLATES_EMAIL_DIRS)
        live = Template.objects.filter(live__isnull=False).select_related("live__snapshot")
        self.versions: Mapping[Target, TemplateVersion] = {
            Target(one.event, one.locale): one.live for one in live if one.live is not None
        }
        self.default_locale: str = settings.DEFAULT_LOCALE
        self._texts: dict[Target, Mapping[str, str]] = {}

    @cached_property
    def file_targets(self) -> frozenset[Target]:
        """The mails that have files."""
        return mails_among(self.files.names())

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """All mails that exist, in the order of the events' registration."""
        known = self.file_targets | self.versions.keys()
        return tuple(
            target
            for contract in contracts.registered()
            for target in sorted(known)
            if target.event == contract.event
        )

    @cached_property
    def locales(self) -> tuple[str, ...]:
        """All locales that any mail is written in, the default first."""
        default = locales.normalise(self.default_locale)
        found = {target.locale for target in self.targets}
        return (default, *sorted(found - {default}))

    def source(self, target: Target) -> Source:
        """Return what a mail's texts come from: its live version, then the files."""
        return source_of_version(target, self.versions.get(target))

    def texts(self, target: Target) -> Mapping[str, str]:
        """Return all texts that a mail is made of, layouts, partials and strings included."""
        if target not in self._texts:
            version = self.versions.get(target)
            self._texts[target] = version.snapshot.texts if version else self._file_texts(target)
        return self._texts[target]

    def _file_texts(self, target: Target) -> Mapping[str, str]:
        try:
            bundle = collect(
                self.files,
                event=target.event,
                locale=target.locale,
                default=self.default_locale,
                origin="file",
            )
        except RenderingError:
            # It cannot be compiled; what can be read of it is all the more worth showing.
            reading = Reading(self.files)
            for part in PARTS:
                reading.add(f"{target.event}/{target.locale}/{part}")
            return reading.texts
        return bundle.texts

    @cached_property
    def shared(self) -> Mapping[str, tuple[Target, ...]]:
        """The layouts, partials and strings, and the mails that use each."""
        found: dict[str, list[Target]] = {
            name: [] for name in sorted(self.files.names()) if name.startswith(SHARED)
        }
        for target in self.targets:
            for name in self.texts(target):
                if name.startswith(SHARED):
                    found.setdefault(name, []).append(target)
        return {name: tuple(users) for name, users in sorted(found.items())}

    def shared_text(self, name: str) -> str:
        """Return the text of a shared file: as it was published last, else the file's."""
        published = {
            version.pk: str(version.snapshot.texts[name]) for version in self._publishers(name)
        }
        return published[max(published)] if published else self.files.read(name) or ""

    def differing(self, name: str) -> tuple[Target, ...]:
        """Return the mails whose live version carries another text of a shared file."""
        text = self.shared_text(name)
        return tuple(
            target for target in self.shared.get(name, ()) if self.texts(target).get(name) != text
        )

    def _publishers(self, name: str) -> Iterator[TemplateVersion]:
        for target in self.shared.get(name, ()):
            version = self.versions.get(target)
            if version is not None and name in version.snapshot.texts:
                yield version
