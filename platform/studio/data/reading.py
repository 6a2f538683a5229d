"""The endpoints that change nothing: documents, checks, previews, effects, history."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from studio import (
    checking,
    completion,
    documents,
    drafts,
    effects,
    history,
    listing,
    presence,
    previews,
    real_mails,
    releases,
)
from studio.data import forms
from studio.data.doors import Door, Right, may
from studio.documents import Document
from studio.effects import Outcome, State
from studio.inventory import Inventory
from studio.models import DraftRevision
from studio.previews import Data
from studio.refusals import draft_as_json, effect_as_json, error_as_json, key_of
from templating import contracts
from templating.errors import RenderingError
from templating.publishing import Target
from templating.rendering import Rendered


def chosen_target(document: Document, asked: str | None, inventory: Inventory) -> Target:
    """Return the mail that a document is looked at in. Raises UnknownDocument."""
    users = documents.users(document, inventory)
    if asked is None and users:
        return users[0]
    wanted = documents.find(asked or document.key, inventory).target
    if wanted is None or wanted not in users:
        raise documents.UnknownDocument(asked or document.key)
    return wanted


def chosen_data(target: Target, body: Any) -> Data:
    """Return the data that a body names: a real mail's, else a sample's.

    Raises UnknownMail or UnknownSample.
    """
    if body.get("notification"):
        return previews.real_data(target, str(body["notification"]))
    return previews.sample_data(target, body.get("sample"))


class ReadDocument(Door):
    """All that an editor opens with."""

    def get(self, request: Request) -> Response:
        """Answer with a document."""
        document, inventory = self.document(self.query("key"))
        if may(self.person, Right.EDIT):
            presence.announce(document.key, self.person)
        users = documents.users(document, inventory)
        target = chosen_target(document, None, inventory) if users else None
        return Response(
            {
                "key": document.key,
                "kind": document.kind.value,
                "title": document.title,
                "event": document.target.event if document.target else None,
                "locale": document.target.locale if document.target else None,
                "locales": _locales(document, inventory),
                **_texts(document, inventory),
                **_relations(document, inventory),
                **_materials(target, inventory),
                "can": {right.name.lower(): may(request.user, right) for right in Right},
                "editors": _editors(self, document),
                "gate": settings.STUDIO_GATE_CONTEXTS,
            }
        )


def _editors(door: Door, document: Document) -> list[dict[str, Any]]:
    return [asdict(editor) for editor in presence.editors(document.key, user=door.person)]


def _locales(document: Document, inventory: Inventory) -> list[dict[str, Any]]:
    if document.target is None:
        return []
    cells = listing.cells_of(document.target.event, inventory)
    return [
        {
            "locale": cell.locale,
            "key": cell.key,
            "state": cell.state,
            "draft": cell.draft is not None,
        }
        for cell in cells
    ]


def _texts(document: Document, inventory: Inventory) -> dict[str, Any]:
    live = documents.live_texts(document, inventory)
    draft = drafts.find(document.key)
    shown = draft.texts if draft else documents.starting_texts(document, inventory)
    digest = documents.digest(live)
    told = draft_as_json(draft)
    return {
        "parts": [
            {**asdict(part), "text": shown.get(part.name, ""), "live_text": live.get(part.name, "")}
            for part in document.parts
        ],
        "live": {**_live(document, inventory, live), "digest": digest},
        "draft": told | {"outdated": draft.base != digest} if told and draft else None,
    }


def _live(document: Document, inventory: Inventory, texts: dict[str, str]) -> dict[str, Any]:
    past = next((one for one in history.history(document, inventory) if one.live), None)
    if past is None or not texts:
        return {"label": "Missing", "number": None, "author": None, "at": None}
    return {
        "label": past.label,
        "number": past.number,
        "author": past.author or None,
        "at": past.at,
    }


def _relations(document: Document, inventory: Inventory) -> dict[str, Any]:
    if document.target is None:
        affected = documents.users(document, inventory)
        return {
            "affects": [asdict(link) for link in listing.links(affected)],
            "differing": [
                asdict(link) for link in listing.links(inventory.differing(document.key))
            ],
            "uses": [],
        }
    used = [name for name, users in inventory.shared.items() if document.target in users]
    uses = [{"key": name, "title": name.partition("/")[2]} for name in used]
    return {"affects": [], "differing": [], "uses": uses}


def _materials(target: Target | None, inventory: Inventory) -> dict[str, Any]:
    if target is None:
        return {"completion": None, "samples": [], "recent": []}
    recent = real_mails.recent(target, inventory=inventory, at_most=real_mails.LISTED)
    return {
        "completion": completion.completion(target, inventory),
        "samples": [
            {"name": name, "title": name[:1].upper() + name[1:]}
            for name in contracts.get(target.event).samples
        ],
        "recent": [
            {"id": str(mail.id), "label": mail.reference, "at": mail.created_at} for mail in recent
        ],
    }


class Check(Door):
    """What is wrong with a draft."""

    def post(self, request: Request) -> Response:
        """Answer with its problems."""
        body = self.body(forms.CheckForm)
        document, inventory = self.document(body["key"])
        only = body.get("target")
        found = checking.problems(
            document,
            changes=document.changes(body["texts"]),
            inventory=inventory,
            only=chosen_target(document, only, inventory) if only else None,
        )
        return Response(
            {
                "problems": checking.as_json(found, document),
                "blocks": any(one.problem.blocks for one in found),
            }
        )


class Preview(Door):
    """A draft as the mail that it would be."""

    def post(self, request: Request) -> Response:
        """Answer with the mail, or with where it fails."""
        body = self.body(forms.PreviewForm)
        document, inventory = self.document(body["key"])
        target = chosen_target(document, body.get("target"), inventory)
        data = chosen_data(target, body)
        if body.get("locale"):
            data = Data(context=data.context, locale=body["locale"])
        try:
            rendered = previews.render_draft(
                target, changes=document.changes(body["texts"]), data=data, inventory=inventory
            )
        except RenderingError as error:
            return Response({"ok": False, "target": key_of(target), "error": error_as_json(error)})
        return Response({"ok": True, "target": key_of(target), **previews.shown(rendered, data)})


class ReadEffect(Door):
    """What publishing would do to real mails."""

    def post(self, request: Request) -> Response:
        """Answer with how many change, and which."""
        body = self.body(forms.TextsForm)
        document, inventory = self.document(body["key"])
        drafted = releases.drafted_sources(document, document.changes(body["texts"]), inventory)
        found = effects.effect(drafted, inventory=inventory)
        items = [_item(one) for one in found.outcomes if one.state is not State.SAME]
        return Response({**effect_as_json(found), "items": items})


def _item(outcome: Outcome) -> dict[str, Any]:
    return {
        "notification": str(outcome.mail.id),
        "reference": outcome.mail.reference,
        "target": key_of(outcome.target),
        "state": outcome.state.value,
        "bytes": {
            "live": len(outcome.live.html.encode()) if outcome.live else None,
            "draft": len(outcome.draft.html.encode()) if outcome.draft else None,
        },
        "error": error_as_json(outcome.error) if outcome.error else None,
    }


class ReadComparison(Door):
    """One real mail, before and after."""

    def post(self, request: Request) -> Response:
        """Answer with both, from masked data."""
        body = self.body(forms.ComparisonForm)
        document, inventory = self.document(body["key"])
        target = chosen_target(document, body.get("target"), inventory)
        changes = document.changes(body["texts"])
        found = effects.compare(
            target,
            drafted=releases.drafted_sources(document, changes, inventory)[target],
            notification=str(body["notification"]),
            inventory=inventory,
        )
        return Response(
            {
                "live": _mail(found.live),
                "draft": _mail(found.draft),
                "error": error_as_json(found.error) if found.error else None,
            }
        )


def _mail(rendered: Rendered | None) -> dict[str, str] | None:
    if rendered is None:
        return None
    return {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}


class ReadHistory(Door):
    """What was live before."""

    def get(self, request: Request) -> Response:
        """Answer with a document's versions."""
        document, inventory = self.document(self.query("key"))
        found = history.history(document, inventory)
        return Response({"versions": [asdict(past) for past in found]})


class ReadVersion(Door):
    """One of them."""

    def get(self, request: Request) -> Response:
        """Answer with its texts."""
        document, _ = self.document(self.query("key"))
        version = self.query("id")
        texts = releases.texts_of(document, version)
        return Response(
            {
                "id": version,
                "parts": [
                    {**asdict(part), "text": texts.get(part.name, "")} for part in document.parts
                ],
            }
        )


class ReadRevisions(Door):
    """Every text that was ever a draft."""

    def get(self, request: Request) -> Response:
        """Answer with a document's saved texts, without the texts."""
        document, _ = self.document(self.query("key"))
        rows = drafts.revisions(document.key).defer("texts")[: drafts.MOST_LISTED]
        return Response({"revisions": [_revision(row) for row in rows]})


class ReadRevision(Door):
    """One of them."""

    def get(self, request: Request) -> Response:
        """Answer with its texts."""
        row = drafts.revision(self.query("id"))
        return Response({**_revision(row), "key": row.key, "texts": row.texts})


def _revision(row: DraftRevision) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "author": row.author,
        "at": row.at,
        "how": row.how,
    }
