"""What is edited as one: a mail in one locale, or a file that mails share.

A mail's key is "order.shipped/ko", a shared file's is its path ("_layouts/mail.html.jinja").
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from studio.inventory import SHARED, Inventory
from templating import contracts, locales
from templating.bundles import HTML, SUBJECT, TEXT
from templating.environment import LARGEST_SOURCE
from templating.publishing import Target

LABELS = {SUBJECT: "Subject", HTML: "HTML", TEXT: "Text"}
KINDS = {"_layouts/": "layout", "_partials/": "partial", "_strings/": "strings"}


class UnknownDocument(LookupError):
    """There is no such mail and no such shared file."""


class UnusableTexts(ValueError):
    """The texts are not this document's, or too long; says which."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class Kind(StrEnum):
    """The two kinds of document."""

    MAIL = "mail"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a document; an optional one may be empty, which means that there is none."""

    name: str
    label: str
    language: str
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """What is edited, published and rolled back as one. `target` is a mail's own."""

    key: str
    kind: Kind
    title: str
    parts: tuple[Part, ...]
    target: Target | None

    def changes(self, texts: Mapping[str, str]) -> dict[str, str | None]:
        """Return an editor's texts as changes to what is live; None takes an optional part away.

        Raises:
            UnusableTexts: a name is none of the document's parts, or a text is too long.
        """
        parts = {part.name: part for part in self.parts}
        found: dict[str, str | None] = {}
        for name, text in texts.items():
            if name not in parts:
                raise UnusableTexts(name, f"this is no part of {self.key}")
            if len(text) > LARGEST_SOURCE:
                raise UnusableTexts(name, f"a text may have at most {LARGEST_SOURCE:,} characters")
            found[name] = None if parts[name].optional and not text.strip() else text
        return found


def find(key: str, inventory: Inventory) -> Document:
    """Return the document of a key; a mail need not have been written yet.

    Raises:
        UnknownDocument: no event, locale or shared file is called so.
    """
    if key.startswith(SHARED):
        if key not in inventory.shared:
            raise UnknownDocument(key)
        return _shared(key)
    event, _, locale = key.partition("/")
    contract = contracts.find(event)
    if contract is None or not locale or locales.normalise(locale) != locale:
        raise UnknownDocument(key)
    return mail(Target(event, locale))


def mail(target: Target) -> Document:
    """Return the document of a mail."""
    folder = f"{target.event}/{target.locale}"
    return Document(
        key=folder,
        kind=Kind.MAIL,
        title=title_of(target),
        parts=tuple(
            Part(
                name=f"{folder}/{part}",
                label=label,
                language="html" if part == HTML else "text",
                optional=part == TEXT,
            )
            for part, label in LABELS.items()
        ),
        target=target,
    )


def title_of(target: Target) -> str:
    """Return what people call a mail."""
    contract = contracts.find(target.event)
    return f"{contract.title if contract else target.event} · {target.locale}"


def _shared(key: str) -> Document:
    language = "toml" if key.endswith(".toml") else "html" if ".html." in key else "text"
    name = key.partition("/")[2]
    return Document(
        key=key,
        kind=Kind.SHARED,
        title=name.removesuffix(".jinja"),
        parts=(Part(name=key, label=name, language=language),),
        target=None,
    )


def shared_kind(key: str) -> str:
    """Return what kind of shared file a key names: layout, partial or strings."""
    return KINDS[key.partition("/")[0] + "/"]


def live_texts(document: Document, inventory: Inventory) -> dict[str, str]:
    """Return the live texts of a document's parts; of those that exist."""
    if document.target is None:
        return {document.key: inventory.shared_text(document.key)}
    source = inventory.source(document.target)
    texts = {part.name: source.read(part.name) for part in document.parts}
    return {name: text for name, text in texts.items() if text is not None}


def starting_texts(document: Document, inventory: Inventory) -> dict[str, str]:
    """Return what an editor begins with: what is live, or the default locale's for a new mail."""
    live = live_texts(document, inventory)
    if live or document.target is None:
        return live
    default = mail(Target(document.target.event, settings.DEFAULT_LOCALE))
    texts = live_texts(default, inventory)
    return {
        own.name: texts[other.name]
        for own, other in zip(document.parts, default.parts, strict=True)
        if other.name in texts
    }


def digest(texts: Mapping[str, str]) -> str:
    """Return what identifies the texts of a document."""
    content = json.dumps(sorted(texts.items()))
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:24]


def users(document: Document, inventory: Inventory) -> tuple[Target, ...]:
    """Return the mails that change with a document."""
    if document.target is not None:
        return (document.target,)
    return inventory.shared.get(document.key, ())
