"""Saves what an editor wrote: some or all parts of a document, on top of its draft."""

from collections.abc import Mapping

from access.actors import Actor
from studio import documents, drafts
from studio.documents import Document
from studio.inventory import Inventory
from studio.models import Draft


def save(
    document: Document,
    *,
    texts: Mapping[str, str],
    revision: int | None,
    actor: Actor,
    inventory: Inventory,
) -> Draft:
    """Save the parts that are given; the others stay as in the draft, or as they are live.

    Raises:
        UnusableTexts: they are none of this document's parts, or too long.
        DraftChanged: there is another revision by now. The texts are kept nevertheless.
    """
    document.changes(texts)
    before = drafts.find(document.key)
    others = before.texts if before else documents.starting_texts(document, inventory)
    return drafts.save(
        key=document.key,
        texts={**others, **texts},
        revision=revision,
        base=documents.digest(documents.live_texts(document, inventory)),
        actor=actor,
    )
