"""Everything that can be edited, and how each of it stands: what the studio's first page shows."""

from dataclasses import dataclass
from datetime import datetime

from studio import documents, drafts, presence
from studio.inventory import Inventory
from studio.models import Draft
from templating import contracts
from templating.publishing import Target

PUBLISHED, FILE, MISSING = "published", "file", "missing"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A document, to be named and opened."""

    key: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A draft that is open."""

    revision: int
    author: str
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One event's mail in one locale.

    `state` is "published", "file" (no version is live) or "missing" (nothing is: recipients get the
    default locale's); `label` is "v3", "Files" or "Missing".
    """

    key: str
    locale: str
    state: str
    label: str
    number: int | None
    author: str | None
    at: datetime | None
    draft: Edited | None
    editors: list[str]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, with a cell for every locale."""

    event: str
    title: str
    description: str
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One layout, partial or file of strings.

    `differing` are the mails whose live version still carries another text of it.
    """

    key: str
    title: str
    kind: str
    affects: list[Link]
    differing: list[Link]
    draft: Edited | None
    editors: list[str]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All of it. The first locale is the default one."""

    locales: tuple[str, ...]
    events: list[Event]
    shared: list[Shared]


def listing() -> Listing:
    """Return everything, read with three queries."""
    reader = _Reader()
    inventory = reader.inventory
    return Listing(
        locales=inventory.locales,
        events=[
            Event(
                event=contract.event,
                title=contract.title,
                description=contract.description,
                cells=[reader.cell(Target(contract.event, locale)) for locale in inventory.locales],
            )
            for contract in contracts.registered()
        ],
        shared=[reader.shared(key) for key in inventory.shared],
    )


def cells_of(event: str, inventory: Inventory) -> list[Cell]:
    """Return one event's mails in all locales."""
    reader = _Reader(inventory)
    return [reader.cell(Target(event, locale)) for locale in inventory.locales]


def links(targets: tuple[Target, ...]) -> list[Link]:
    """Return mails as what can be opened."""
    return [
        Link(key=f"{target.event}/{target.locale}", title=documents.title_of(target))
        for target in targets
    ]


def edited(draft: Draft | None) -> Edited | None:
    """Return what is told of a draft."""
    if draft is None:
        return None
    return Edited(revision=draft.revision, author=draft.author, updated_at=draft.updated_at)


class _Reader:
    def __init__(self, inventory: Inventory | None = None) -> None:
        self.inventory = inventory or Inventory()
        self._drafts = drafts.all_open()
        self._present = presence.present()

    def cell(self, target: Target) -> Cell:
        key = f"{target.event}/{target.locale}"
        version = self.inventory.versions.get(target)
        has_files = target in self.inventory.file_targets
        label = f"v{version.number}" if version else "Files" if has_files else "Missing"
        return Cell(
            key=key,
            locale=target.locale,
            state=PUBLISHED if version else FILE if has_files else MISSING,
            label=label,
            number=version.number if version else None,
            author=version.author if version else None,
            at=version.created_at if version else None,
            draft=edited(self._drafts.get(key)),
            editors=self._present.get(key, []),
        )

    def shared(self, key: str) -> Shared:
        return Shared(
            key=key,
            title=key.partition("/")[2],
            kind=documents.shared_kind(key),
            affects=links(self.inventory.shared[key]),
            differing=links(self.inventory.differing(key)),
            draft=edited(self._drafts.get(key)),
            editors=self._present.get(key, []),
        )
