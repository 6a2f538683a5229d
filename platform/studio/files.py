"""Templates as files: written from what is live, and read back, so that they can live in Git.

What is exported and imported again changes nothing. An import is a publishing like any other: it is
planned and told first, passes the checker and the last real mails, and changes all mails or none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from access.actors import Actor
from studio.effects import effect
from studio.inventory import SHARED, Inventory, mails_among
from studio.releases import GateClosed, Words, put_live
from templating import contracts, publishing
from templating.bundles import PARTS, collect
from templating.errors import RenderingError
from templating.models import TemplateVersion
from templating.publishing import Target
from templating.sources import FileSource, TextSource

IMPORT = "templates import"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which mails are meant: all of them, one event's, one locale's."""

    event: str | None = None
    locale: str | None = None

    def holds(self, target: Target) -> bool:
        """Whether a mail is meant."""
        return self.event in {None, target.event} and self.locale in {None, target.locale}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file that would change; None: it is not there before, or not there after."""

    name: str
    before: str | None
    after: str | None

    def diff(self) -> list[str]:
        """Return the change as a unified diff, line by line."""
        return list(
            unified_diff(
                (self.before or "").splitlines(),
                (self.after or "").splitlines(),
                fromfile="/dev/null" if self.before is None else f"live/{self.name}",
                tofile="/dev/null" if self.after is None else f"folder/{self.name}",
                lineterm="",
            )
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do.

    Attributes:
        changes: the changed files of each mail that changes; a layout's with each that uses it.
        errors: mails that cannot even be read, and why.
        unknown: folders of events that nobody registered.
        texts: the texts to publish; None takes a part of a mail away.
    """

    changes: Mapping[Target, tuple[Change, ...]]
    errors: Mapping[Target, RenderingError]
    unknown: tuple[str, ...]
    texts: Mapping[str, str | None]

    @property
    def files(self) -> tuple[Change, ...]:
        """Every changed file once, by name."""
        found = {one.name: one for changed in self.changes.values() for one in changed}
        return tuple(found[name] for name in sorted(found))


def exported(selection: Selection, inventory: Inventory) -> dict[str, str]:
    """Return the live texts by file name: of the mails that are meant, and all that they share.

    A layout that was published after some mails were is given in its newest text.
    """
    found: dict[str, str] = {}
    everything = selection == Selection()
    used = set(inventory.shared) if everything else set()
    for target in filter(selection.holds, inventory.targets):
        texts = inventory.texts(target)
        found |= {name: text for name, text in texts.items() if not name.startswith(SHARED)}
        used |= {name for name in texts if name.startswith(SHARED)}
    return found | {name: inventory.shared_text(name) for name in sorted(used)}


def write(texts: Mapping[str, str], folder: Path) -> list[str]:
    """Write files below a folder; return the names of those that were not as they are now."""
    written = []
    for name, text in texts.items():
        path = folder / name
        data = text.encode("utf-8")
        if path.is_file() and path.read_bytes() == data:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(name)
    return written


def plan(folder: Path, selection: Selection, inventory: Inventory) -> Plan:
    """Return what an import of a folder would do, without doing it."""
    source = FileSource([folder])
    held = {name: text for name in source.names() if (text := source.read(name)) is not None}
    mails = mails_among(held)
    known = {contract.event for contract in contracts.registered()}
    texts: dict[str, str | None] = {**held, **_taken_away(mails, held)}
    changes: dict[Target, tuple[Change, ...]] = {}
    errors: dict[Target, RenderingError] = {}
    for target in sorted({*inventory.targets, *mails}):
        if target.event not in known or not selection.holds(target):
            continue
        try:
            changed = tuple(_changes(target, texts, inventory))
        except RenderingError as error:
            errors[target] = error
            continue
        if changed:
            changes[target] = changed
    unknown = tuple(sorted({target.event for target in mails} - known))
    return Plan(changes=changes, errors=errors, unknown=unknown, texts=texts)


def _taken_away(mails: Iterable[Target], held: Mapping[str, str]) -> dict[str, None]:
    """Return the parts that mails in a folder do not have, and so are not to have."""
    names = (f"{mail.event}/{mail.locale}/{part}" for mail in mails for part in PARTS)
    return {name: None for name in names if name not in held}


def _changes(
    target: Target, texts: Mapping[str, str | None], inventory: Inventory
) -> Iterator[Change]:
    live = inventory.texts(target) if target in inventory.targets else {}
    bundle = collect(
        TextSource(texts, behind=inventory.source(target)),
        event=target.event,
        locale=target.locale,
        default=inventory.default_locale,
        origin="import",
    )
    for name in sorted({*live, *bundle.texts}):
        before, after = live.get(name), bundle.texts.get(name)
        # A layout that this mail begins or ceases to use has not changed by that.
        is_other_use = name in inventory.shared and None in {before, after}
        if before != after and not is_other_use:
            yield Change(name=name, before=before, after=after)


def carry_out(
    planned: Plan, *, inventory: Inventory, actor: Actor, words: Words
) -> list[TemplateVersion]:
    """Publish what was planned: all of it, or nothing.

    Raises:
        NotPublishable: the checker found what blocks.
        GateClosed: real mails could not be rendered any more.
        Overtaken: somebody published one of the mails meanwhile.
    """
    targets = tuple(planned.changes)
    prepared = publishing.prepare(changes=planned.texts, targets=targets)
    tried = effect(
        {target: TextSource(planned.texts, behind=inventory.source(target)) for target in targets},
        inventory=inventory,
    )
    if tried.failures and not words.override:
        raise GateClosed(tried)
    return put_live(prepared, key=IMPORT, actor=actor, words=words, tried=tried)
