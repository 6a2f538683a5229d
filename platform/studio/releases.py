"""Brings a draft to live mail, and back: each step looks before it leaps.

1. The draft must be the one that the editor has seen, and what is live the one it was begun on.
2. The checker must find nothing that blocks, in any mail that changes.
3. The last real mails must render, unless somebody with the right says why they need not.
4. All mails change together, and the draft closes, in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from access import audit
from access.actors import Actor
from studio import documents, drafts
from studio.documents import Document
from studio.effects import Effect, effect
from studio.inventory import Inventory
from studio.models import How
from templating import publishing
from templating.models import TemplateVersion
from templating.publishing import Prepared, Target
from templating.sources import FileSource, Source, TextSource

FILES = "file"
"""What names the shipped files among the versions of a document."""


class LiveChanged(Exception):
    """Something else is live than what the draft was begun on; `digest` names it."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"something else is live: {digest}")
        self.digest = digest


class GateClosed(Exception):
    """Real mails cannot be rendered with what was to be published; `effect` says which."""

    def __init__(self, effect: Effect) -> None:
        super().__init__(f"{len(effect.failures)} real mails cannot be rendered")
        self.effect = effect


class NothingToPublish(Exception):
    """No mail uses the shared file, so that it cannot become part of one."""


class UnknownVersion(LookupError):
    """The document has no such version."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Why somebody publishes; `override` is why although real mails fail ("": they must not)."""

    note: str = ""
    override: str = ""


def publish(
    *, key: str, revision: int, actor: Actor, words: Words, live: str | None = None
) -> list[TemplateVersion]:
    """Put the saved draft of a document live in all mails that it is part of.

    Args:
        key: the document's.
        revision: the draft's, as the editor has seen it.
        actor: who publishes.
        words: the note, and the reason for passing the gate.
        live: the digest of what the editor knows to be live; None: what the draft was begun on.

    Raises:
        UnknownDocument: no document is called so.
        DraftChanged: the draft is at another revision, or closed.
        LiveChanged: something else is live by now.
        NotPublishable: the checker found what blocks.
        GateClosed: real mails would fail.
        Overtaken: somebody else published at the same moment.
        NothingToPublish: no mail uses the shared file.
    """
    inventory = Inventory()
    document = documents.find(key, inventory)
    draft = drafts.find(key)
    if draft is None or draft.revision != revision:
        raise drafts.DraftChanged(draft)
    now_live = documents.digest(documents.live_texts(document, inventory))
    if now_live != (live or draft.base):
        raise LiveChanged(now_live)
    prepared, drafted = _prepared(document, document.changes(draft.texts), inventory)
    tried = _through_the_gate(drafted, inventory=inventory, override=words.override)
    with transaction.atomic():
        drafts.close(key=key, revision=revision, how=How.PUBLISHED, actor=actor)
        return put_live(prepared, key=key, actor=actor, words=words, tried=tried)


def rollback(*, key: str, version: str, actor: Actor, words: Words) -> list[TemplateVersion]:
    """Put what was live before live again: a version by its id, or the files.

    An open draft stays as it is.

    Raises:
        UnknownDocument, UnknownVersion: there is no such document or version.
        NotPublishable, GateClosed, Overtaken, NothingToPublish: as publishing does.
    """
    inventory = Inventory()
    document = documents.find(key, inventory)
    if document.target is None:
        texts = texts_of(document, version)
        prepared, drafted = _prepared(document, dict(texts), inventory)
    elif version == FILES:
        return _back_to_files(
            document.target, key=key, actor=actor, words=words, inventory=inventory
        )
    else:
        found = version_of(document, version)
        prepared = publishing.prepare_rollback(found)
        drafted = {document.target: TextSource(found.snapshot.texts)}
    tried = _through_the_gate(drafted, inventory=inventory, override=words.override)
    return put_live(prepared, key=key, actor=actor, words=words, tried=tried)


def version_of(document: Document, version: str) -> TemplateVersion:
    """Return a version of a document by its id. Raises UnknownVersion."""
    versions = TemplateVersion.objects.select_related("snapshot")
    if document.target is not None:
        target = document.target
        versions = versions.filter(event=target.event, locale=target.locale)
    found = versions.filter(pk=version).first() if _is_id(version) else None
    if found is None:
        raise UnknownVersion(version)
    return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def texts_of(document: Document, version: str) -> dict[str, str]:
    """Return the texts of a document's parts in a version, or in the files.

    Raises:
        UnknownVersion: there is no such version, or nothing of the document in it.
    """
    held: Mapping[str, str | None]
    if version == FILES:
        files = FileSource(settings.TEMPLATES_EMAIL_DIRS)
        held = {part.name: files.read(part.name) for part in document.parts}
    else:
        held = version_of(document, version).snapshot.texts
    texts = {
        part.name: text for part in document.parts if (text := held.get(part.name)) is not None
    }
    if not texts:
        raise UnknownVersion(version)
    return texts


def drafted_sources(
    document: Document, changes: Mapping[str, str | None], inventory: Inventory
) -> dict[Target, Source]:
    """Return what each mail would be made of with a document's changes."""
    return {
        target: TextSource(changes, behind=inventory.source(target))
        for target in documents.users(document, inventory)
    }


def _prepared(
    document: Document, changes: Mapping[str, str | None], inventory: Inventory
) -> tuple[Prepared, Mapping[Target, Source]]:
    targets = documents.users(document, inventory)
    if not targets:
        raise NothingToPublish(document.key)
    prepared = publishing.prepare(changes=changes, targets=targets)
    return prepared, drafted_sources(document, changes, inventory)


def _through_the_gate(
    drafted: Mapping[Target, Source], *, inventory: Inventory, override: str
) -> Effect:
    tried = effect(drafted, inventory=inventory)
    if tried.failures and not override:
        raise GateClosed(tried)
    return tried


def _back_to_files(
    target: Target, *, key: str, actor: Actor, words: Words, inventory: Inventory
) -> list[TemplateVersion]:
    if target not in inventory.file_targets:
        raise UnknownVersion(FILES)
    publishing.checked(target, inventory.files)
    tried = _through_the_gate(
        {target: inventory.files}, inventory=inventory, override=words.override
    )
    with transaction.atomic():
        _note_override(tried, key=key, actor=actor, override=words.override)
        publishing.withdraw(target, actor=actor, reason=words.note)
    return []


def put_live(
    prepared: Prepared, *, key: str, actor: Actor, words: Words, tried: Effect
) -> list[TemplateVersion]:
    """Publish what has passed checker and gate, and note what the gate said.

    Raises:
        Overtaken: somebody else published at the same moment.
    """
    with transaction.atomic():
        _note_override(tried, key=key, actor=actor, override=words.override)
        tally = {"tried": len(tried.outcomes), "failing": len(tried.failures)}
        return publishing.put_live(
            prepared, actor=actor, note=words.note, audit_data={"document": key, **tally}
        )


def _note_override(tried: Effect, *, key: str, actor: Actor, override: str) -> None:
    if tried.failures:
        audit.record(
            actor=actor,
            action="template.override",
            target_type="template",
            target_id=key,
            reason=override,
            data={"failing": [str(one.mail.id) for one in tried.failures]},
        )
