"""Saves drafts so that two editors never lose a text.

A save names the revision that it was made from: the update's filter is the lock. The text that
comes too late is kept as well, as a revision of its own, and its author is told what the other
wrote.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from access.actors import Actor
from studio.models import Draft, DraftRevision, How

MOST_LISTED = 200


class UnknownRevision(LookupError):
    """There is no such revision (any more)."""


class DraftChanged(Exception):
    """Somebody saved, published or discarded meanwhile.

    `draft` is what stands now (None: closed); `kept` is the revision that holds the late text.
    """

    def __init__(self, draft: Draft | None, kept: DraftRevision | None = None) -> None:
        super().__init__("the draft was changed meanwhile")
        self.draft = draft
        self.kept = kept


def find(key: str) -> Draft | None:
    """Return the open draft of a document, or None."""
    return Draft.objects.filter(key=key, open=True).first()


def all_open() -> dict[str, Draft]:
    """Return all open drafts by key, without their texts."""
    return {draft.key: draft for draft in Draft.objects.filter(open=True).defer("texts")}


def save(
    *, key: str, texts: Mapping[str, str], revision: int | None, base: str, actor: Actor
) -> Draft:
    """Save what an editor wrote on top of `revision` (None: there was no draft).

    Args:
        key: the document's.
        texts: the texts of its parts, all of them.
        revision: the one that the editor has seen.
        base: the digest of the live texts that a new draft begins on.
        actor: who writes.

    Raises:
        DraftChanged: there is another revision by now. The texts are kept nevertheless.
    """
    with transaction.atomic():
        saved = (
            _begin(key=key, texts=texts, base=base, actor=actor)
            if revision is None
            else _continue(key=key, texts=texts, revision=revision, actor=actor)
        )
        kept = _keep(
            key=key,
            number=saved.revision if saved else revision or 0,
            texts=texts,
            how=How.SAVED if saved else How.CONFLICT,
            author=actor.label,
        )
        _forget_old(key)
    if saved is None:
        raise DraftChanged(find(key), kept)
    return saved


def _begin(*, key: str, texts: Mapping[str, str], base: str, actor: Actor) -> Draft | None:
    fresh = {
        "texts": dict(texts),
        "base": base,
        "author": actor.label[:200],
        "updated_at": timezone.now(),
        "open": True,
    }
    closed = Draft.objects.filter(key=key).first()
    if closed is None:
        try:
            with transaction.atomic():
                return Draft.objects.create(key=key, revision=1, **fresh)
        except IntegrityError:
            return None
    number = closed.revision
    taken = Draft.objects.filter(key=key, open=False, revision=number).update(
        revision=number + 1, **fresh
    )
    return Draft.objects.get(key=key) if taken else None


def _continue(*, key: str, texts: Mapping[str, str], revision: int, actor: Actor) -> Draft | None:
    taken = Draft.objects.filter(key=key, open=True, revision=revision).update(
        revision=revision + 1,
        texts=dict(texts),
        author=actor.label[:200],
        updated_at=timezone.now(),
    )
    return Draft.objects.get(key=key) if taken else None


def close(*, key: str, revision: int, how: How, actor: Actor) -> Draft:
    """Close a draft because it was published or discarded; its texts stay in the revisions.

    Call it in the transaction of what closes it.

    Raises:
        DraftChanged: it is not at this revision any more.
    """
    with transaction.atomic():
        draft = Draft.objects.filter(key=key, open=True, revision=revision).first()
        taken = Draft.objects.filter(key=key, open=True, revision=revision).update(
            revision=revision + 1, open=False, updated_at=timezone.now()
        )
        if draft is None or not taken:
            raise DraftChanged(find(key))
        _keep(key=key, number=revision + 1, texts=draft.texts, how=how, author=actor.label)
    return draft


def revisions(key: str) -> QuerySet[DraftRevision]:
    """Return every text that was saved of a document's drafts, the newest first."""
    return DraftRevision.objects.filter(key=key).order_by("-id")


def revision(identifier: str) -> DraftRevision:
    """Return one of them. Raises UnknownRevision."""
    known = identifier.isascii() and identifier.isdigit() and len(identifier) <= 18
    found = DraftRevision.objects.filter(pk=identifier).first() if known else None
    if found is None:
        raise UnknownRevision(identifier)
    return found


def _keep(
    *, key: str, number: int, texts: Mapping[str, str], how: How, author: str
) -> DraftRevision:
    return DraftRevision.objects.create(
        key=key, number=number, texts=dict(texts), how=how, author=author[:200]
    )


def _forget_old(key: str) -> None:
    kept: timedelta = settings.STUDIO_REVISIONS_KEPT
    DraftRevision.objects.filter(key=key, at__lt=timezone.now() - kept).delete()
