"""What was live of a document before: for a mail its versions, for a shared file its texts."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from studio import documents
from studio.documents import Document
from studio.inventory import Inventory
from studio.releases import FILES
from templating import publishing
from templating.models import TemplateVersion
from templating.publishing import Target

MOST_SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class Past:
    """One entry of a document's history; `keys` are the mails that it went to."""

    id: str
    number: int | None
    label: str
    author: str
    at: datetime | None
    note: str
    live: bool
    restores: int | None = None
    keys: list[str] = field(default_factory=list)


def history(document: Document, inventory: Inventory) -> list[Past]:
    """Return what a document was, the newest first; the files it began as come last."""
    if document.target is not None:
        return list(_of_mail(document.target, inventory))
    return _of_shared(document, inventory)


def _of_mail(target: Target, inventory: Inventory) -> Iterator[Past]:
    live = inventory.versions.get(target)
    key = documents.mail(target).key
    for version in publishing.history(target).select_related("restores")[:MOST_SHOWN]:
        yield Past(
            id=str(version.pk),
            number=version.number,
            label=f"v{version.number}",
            author=version.author,
            at=version.created_at,
            note=version.note,
            live=live is not None and live.pk == version.pk,
            restores=version.restores.number if version.restores else None,
            keys=[key],
        )
    if target in inventory.file_targets:
        yield _files(live=live is None, keys=[key])


def _files(*, live: bool, keys: list[str]) -> Past:
    return Past(
        id=FILES, number=None, label="Files", author="", at=None, note="", live=live, keys=keys
    )


def _of_shared(document: Document, inventory: Inventory) -> list[Past]:
    """Return each text that a shared file has had, with the versions that brought it."""
    name = document.key
    shipped = inventory.files.read(name)
    current = inventory.shared_text(name)
    found: list[tuple[str, Past]] = []
    known: dict[Target, str | None] = {}
    for version in _versions_with(name):
        text = version.snapshot.texts[name]
        target = Target(version.event, version.locale)
        if known.get(target, shipped) != text:
            _add(found, version, text)
        known[target] = text
    entries = [replace(past, live=False) for _, past in found]
    newest = next((n for n in reversed(range(len(found))) if found[n][0] == current), None)
    if newest is not None and (current != shipped or found[-1][0] == current):
        entries[newest] = replace(entries[newest], live=True)
    keys = [documents.mail(target).key for target in inventory.shared.get(name, ())]
    files = [] if shipped is None else [_files(live=newest is None, keys=keys)]
    return [*reversed(entries), *files]


def _versions_with(name: str) -> Iterator[TemplateVersion]:
    """Yield the versions that hold a file, the oldest first."""
    newest = TemplateVersion.objects.order_by("-pk").select_related("snapshot")[:MOST_SHOWN]
    return (version for version in reversed(newest) if name in version.snapshot.texts)


def _add(found: list[tuple[str, Past]], version: TemplateVersion, text: str) -> None:
    key = documents.mail(Target(version.event, version.locale)).key
    if found:
        before, past = found[-1]
        if (before, past.author, past.note) == (text, version.author, version.note):
            past.keys.append(key)
            return
    number = len(found) + 1
    past = Past(
        id=str(version.pk),
        number=number,
        label=f"#{number}",
        author=version.author,
        at=version.created_at,
        note=version.note,
        live=False,
        keys=[key],
    )
    found.append((text, past))
