"""The endpoints that change something: drafts, publishing, rollbacks, tests, presence."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from studio import documents, drafts, editing, presence, releases, testsend
from studio.data import forms
from studio.data.doors import Door, Right, may
from studio.data.reading import chosen_data, chosen_target
from studio.models import How
from studio.refusals import draft_as_json
from studio.releases import Words
from templating.models import TemplateVersion


class SaveDraft(Door):
    """Keeps what an editor wrote."""

    right = Right.EDIT

    def post(self, request: Request) -> Response:
        """Save it on top of the revision that the editor has seen."""
        body = self.body(forms.DraftForm)
        document, inventory = self.document(body["key"])
        draft = editing.save(
            document,
            texts=body["texts"],
            revision=body["revision"],
            actor=self.actor,
            inventory=inventory,
        )
        return Response(draft_as_json(draft))


class DiscardDraft(Door):
    """Gives a draft up; its text stays among the revisions."""

    right = Right.EDIT

    def post(self, request: Request) -> Response:
        """Close it."""
        body = self.body(forms.DiscardForm)
        document, _ = self.document(body["key"])
        drafts.close(
            key=document.key, revision=body["revision"], how=How.DISCARDED, actor=self.actor
        )
        return Response({})


class Publish(Door):
    """Puts a saved draft live."""

    right = Right.PUBLISH

    def post(self, request: Request) -> Response:
        """Publish it, if nothing speaks against it."""
        body = self.body(forms.PublishForm)
        versions = releases.publish(
            key=body["key"],
            revision=body["revision"],
            actor=self.actor,
            words=_words(self, body),
            live=body.get("live"),
        )
        return Response({"versions": _versions(versions)})


class Rollback(Door):
    """Puts something old live again."""

    right = Right.PUBLISH

    def post(self, request: Request) -> Response:
        """Publish the old texts as a new version, or let the files be live again."""
        body = self.body(forms.RollbackForm)
        versions = releases.rollback(
            key=body["key"],
            version=body["version"],
            actor=self.actor,
            words=_words(self, body),
        )
        return Response({"versions": _versions(versions)})


def _words(door: Door, body: Mapping[str, Any]) -> Words:
    override = body.get("override") or ""
    if override and not may(door.person, Right.OVERRIDE):
        raise PermissionDenied("You may not publish what fails on real mails.")
    return Words(note=body["note"], override=override)


def _versions(versions: list[TemplateVersion]) -> list[dict[str, Any]]:
    return [
        {"id": str(one.pk), "key": f"{one.event}/{one.locale}", "number": one.number}
        for one in versions
    ]


class SendTest(Door):
    """Sends a draft to the editor's own address."""

    right = Right.TEST

    def post(self, request: Request) -> Response:
        """Render it and hand it to the live providers."""
        body = self.body(forms.TestForm)
        document, inventory = self.document(body["key"])
        target = chosen_target(document, body.get("target"), inventory)
        sent = testsend.send_test(
            target,
            changes=document.changes(body["texts"]),
            data=chosen_data(target, body),
            user=self.person,
            actor=self.actor,
            inventory=inventory,
        )
        return Response(
            {
                "to": sent.to,
                "subject": sent.subject,
                "message_id": sent.message_id,
                "provider": sent.accepted.provider,
            }
        )


class Announce(Door):
    """Says every few seconds that somebody has a document open."""

    def post(self, request: Request) -> Response:
        """Note it; answer with who else has, and how the draft and the live texts stand."""
        body = self.body(forms.KeyForm)
        document, inventory = self.document(body["key"])
        if may(self.person, Right.EDIT):
            presence.announce(document.key, self.person)
        live = documents.live_texts(document, inventory)
        return Response(
            {
                "editors": [
                    asdict(editor) for editor in presence.editors(document.key, user=self.person)
                ],
                "draft": draft_as_json(drafts.find(document.key)),
                "live": documents.digest(live),
            }
        )
