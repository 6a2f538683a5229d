"""The endpoints of templates: doors to the studio's use cases, for clients with a key."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as drf
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.actors import Actor
from access.idempotency import idempotent
from access.pagination import CursorPagination
from access.problems import InvalidParameter
from access.scopes import Scope
from studio import checking, documents, drafts, inbox, listing, previews, releases
from studio.api import contexts, schema, serializers
from studio.documents import Document, UnknownDocument
from studio.inventory import Inventory
from studio.models import Draft, How
from studio.refusals import as_problem
from studio.releases import FILES, Words
from templating import contracts, publishing, schemas
from templating.models import TemplateVersion
from templating.publishing import Target

SCOPES = {
    "GET": Scope.TEMPLATES_READ,
    "POST": Scope.TEMPLATES_WRITE,
    "DELETE": Scope.TEMPLATES_WRITE,
}
FIELDS = ("subject", "html", "text")


class TemplatesView(APIView):
    """What all of them share."""

    required_scopes = SCOPES

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what the use cases refuse with."""
        return super().handle_exception(as_problem(exc))

    def body(self, kind: type[drf.Serializer[Any]]) -> Mapping[str, Any]:
        """Return the values of the request's body. Raises ValidationError."""
        form = kind(data=self.request.data)
        form.is_valid(raise_exception=True)
        found: Mapping[str, Any] = form.validated_data
        return found


def mail(event: str, locale: str) -> tuple[Document, Target, Inventory]:
    """Return the document of a mail, and all that is live. Raises UnknownDocument."""
    inventory = Inventory()
    document = documents.find(f"{event}/{locale}", inventory)
    if document.target is None:
        raise UnknownDocument(document.key)
    return document, document.target, inventory


def named(document: Document, body: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a request's body by the names of the document's files."""
    return {
        part.name: body[field]
        for part, field in zip(document.parts, FIELDS, strict=True)
        if field in body
    }


def by_field(document: Document, texts: Mapping[str, str]) -> dict[str, str]:
    """Return a document's texts as the API calls them."""
    return {
        field: texts.get(part.name, "") for part, field in zip(document.parts, FIELDS, strict=True)
    }


def told(draft: Draft, document: Document, *, live: str) -> dict[str, Any]:
    """Return what is told of a draft."""
    return {
        "revision": draft.revision,
        "author": draft.author,
        "updated_at": draft.updated_at,
        "outdated": draft.base != live,
        **by_field(document, draft.texts),
    }


class EventList(TemplatesView):
    """All events that mails are written for."""

    @extend_schema(
        operation_id="list_templates",
        summary="List the events and their mails",
        responses=serializers.EventListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer with every event, and how its mail stands in each locale."""
        return Response(serializers.EventListSerializer({"results": listing.listing().events}).data)


class EventDetail(TemplatesView):
    """One event, with its contract."""

    @extend_schema(
        operation_id="get_template_contract",
        summary="Get an event's contract",
        description="The data that its templates are rendered with, as JSON Schema, and samples.",
        parameters=[schema.EVENT],
        responses=serializers.EventDetailSerializer,
    )
    def get(self, request: Request, event: str) -> Response:
        """Answer with the contract."""
        contract = contracts.get(event)
        described = schemas.json_schema(contract)
        del described["examples"]  # `samples` has them, with their names
        return Response(
            serializers.EventDetailSerializer(
                {
                    "event": contract.event,
                    "title": contract.title,
                    "description": contract.description,
                    "cells": listing.cells_of(event, Inventory()),
                    "contract": described,
                    "samples": [
                        {"name": name, "context": sample.model_dump(mode="json")}
                        for name, sample in contract.samples.items()
                    ],
                }
            ).data
        )


class MailDetail(TemplatesView):
    """One event's mail in one locale."""

    @extend_schema(
        operation_id="get_template",
        summary="Get a mail's templates",
        description="As they are live, and as they are drafted.",
        parameters=schema.MAIL,
        responses=serializers.MailSerializer,
    )
    def get(self, request: Request, event: str, locale: str) -> Response:
        """Answer with its texts."""
        document, target, inventory = mail(event, locale)
        live = documents.live_texts(document, inventory)
        if not live and target not in inventory.targets and drafts.find(document.key) is None:
            raise Http404
        draft = drafts.find(document.key)
        version = inventory.versions.get(target)
        state = "published" if version else "file" if live else "missing"
        return Response(
            serializers.MailSerializer(
                {
                    "event": event,
                    "locale": locale,
                    "state": state,
                    "version": version.number if version else None,
                    **by_field(document, live),
                    "uses": [name for name, users in inventory.shared.items() if target in users],
                    "draft": told(draft, document, live=documents.digest(live)) if draft else None,
                }
            ).data
        )


class Preview(TemplatesView):
    """A mail as it would be sent."""

    @extend_schema(
        operation_id="preview_template",
        summary="Render a mail without sending it",
        description="Rendered by the function that sends, with templates of the request in place "
        "of the live ones, and a sample or data of your own. Nothing is stored.",
        parameters=schema.MAIL,
        request=serializers.PreviewRequestSerializer,
        responses={200: serializers.PreviewSerializer, 409: schema.NOT_RENDERED},
        examples=schema.PREVIEW_EXAMPLES,
    )
    def post(self, request: Request, event: str, locale: str) -> Response:
        """Render the templates in the body."""
        body = self.body(serializers.PreviewRequestSerializer)
        document, target, inventory = mail(event, locale)
        rendered = previews.render_draft(
            target,
            changes=document.changes(named(document, body)),
            data=contexts.chosen(target, body),
            inventory=inventory,
        )
        return Response(
            serializers.PreviewSerializer(
                {
                    "subject": rendered.subject,
                    "preheader": inbox.preheader(rendered.html),
                    "html": rendered.html,
                    "text": rendered.text,
                    "html_bytes": len(rendered.html.encode()),
                }
            ).data
        )


class Drafts(TemplatesView):
    """A mail's draft."""

    @extend_schema(
        operation_id="save_template_draft",
        summary="Save a draft",
        description="On top of the revision that it is based on. The answer says what the checker "
        "finds; what blocks publishing does not block saving.",
        parameters=schema.MAIL,
        request=serializers.NewDraftSerializer,
        responses={200: serializers.SavedDraftSerializer, 409: schema.DRAFT_CHANGED},
        examples=schema.DRAFT_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, event: str, locale: str) -> Response:
        """Save the templates in the body; what it leaves out stays as in the draft."""
        body = self.body(serializers.NewDraftSerializer)
        document, _, inventory = mail(event, locale)
        texts = named(document, body)
        document.changes(texts)
        live = documents.digest(documents.live_texts(document, inventory))
        before = drafts.find(document.key)
        kept = before.texts if before else documents.starting_texts(document, inventory)
        draft = drafts.save(
            key=document.key,
            texts={**kept, **texts},
            revision=body["revision"],
            base=live,
            actor=Actor.from_request(request),
        )
        found = checking.problems(
            document, changes=document.changes(draft.texts), inventory=inventory
        )
        saved = told(draft, document, live=live) | {"problems": checking.as_json(found, document)}
        return Response(serializers.SavedDraftSerializer(saved).data)

    @extend_schema(
        operation_id="discard_template_draft",
        summary="Discard a draft",
        parameters=[*schema.MAIL, schema.REVISION],
        responses={204: None, 409: schema.DRAFT_CHANGED},
    )
    @idempotent
    def delete(self, request: Request, event: str, locale: str) -> Response:
        """Close the draft; its texts stay among the studio's revisions."""
        document, _, _ = mail(event, locale)
        drafts.close(
            key=document.key,
            revision=_revision(request),
            how=How.DISCARDED,
            actor=Actor.from_request(request),
        )
        return Response(status=204)


def _revision(request: Request) -> int:
    text = request.query_params.get("revision", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidParameter("revision", "The draft's revision, a whole number, is required.")
    return int(text)


class Publish(TemplatesView):
    """Puts a draft live."""

    @extend_schema(
        operation_id="publish_template",
        summary="Publish a draft",
        description="The checker must find nothing that blocks, and the event's last real mails "
        "must render. Every worker uses the new version within five seconds.",
        parameters=schema.MAIL,
        request=serializers.PublishSerializer,
        responses={200: serializers.PublishedSerializer, 409: schema.NOT_PUBLISHED},
        examples=schema.PUBLISH_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, event: str, locale: str) -> Response:
        """Publish the draft of that revision."""
        body = self.body(serializers.PublishSerializer)
        document, _, _ = mail(event, locale)
        (version,) = releases.publish(
            key=document.key,
            revision=body["revision"],
            actor=Actor.from_request(request),
            words=Words(note=body["note"]),
        )
        return Response({"version": version.number})


class Rollback(TemplatesView):
    """Puts something old live again."""

    @extend_schema(
        operation_id="roll_back_template",
        summary="Roll back to an old version",
        description="Publishes the old texts as a new version; with null the shipped files are "
        "live again. The checker and the last real mails decide as for publishing.",
        parameters=schema.MAIL,
        request=serializers.RollbackSerializer,
        responses={200: serializers.PublishedSerializer, 409: schema.NOT_PUBLISHED},
        examples=schema.ROLLBACK_EXAMPLES,
    )
    @idempotent
    def post(self, request: Request, event: str, locale: str) -> Response:
        """Roll back to the version of that number."""
        body = self.body(serializers.RollbackSerializer)
        document, target, _ = mail(event, locale)
        versions = releases.rollback(
            key=document.key,
            version=_id_of(target, body["version"]),
            actor=Actor.from_request(request),
            words=Words(note=body["note"]),
        )
        return Response({"version": versions[0].number if versions else None})


def _id_of(target: Target, number: int | None) -> str:
    if number is None:
        return FILES
    version = publishing.history(target).filter(number=number).first()
    if version is None:
        raise ValidationError({"version": [f"There is no version {number}."]})
    return str(version.pk)


class VersionList(ListAPIView[TemplateVersion]):
    """A mail's versions."""

    required_scopes = SCOPES
    queryset = TemplateVersion.objects.none()
    serializer_class = serializers.VersionSerializer
    pagination_class = CursorPagination
    filter_backends = ()

    def get_queryset(self) -> QuerySet[TemplateVersion]:
        """Return the mail's versions, the newest first. Raises Http404."""
        try:
            _, target, _ = mail(self.kwargs["event"], self.kwargs["locale"])
        except UnknownDocument:
            raise Http404 from None
        versions = publishing.history(target).select_related("snapshot", "restores")
        return versions.defer("snapshot__texts")

    @extend_schema(
        operation_id="list_template_versions",
        summary="List a mail's versions, newest first",
        parameters=schema.MAIL,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of versions."""
        return super().get(request, *args, **kwargs)


class VersionDetail(TemplatesView):
    """One version."""

    @extend_schema(
        operation_id="get_template_version",
        summary="Get a version with all its files",
        parameters=[*schema.MAIL, schema.NUMBER],
        responses=serializers.VersionDetailSerializer,
    )
    def get(self, request: Request, event: str, locale: str, number: int) -> Response:
        """Answer with the version."""
        _, target, _ = mail(event, locale)
        if number > serializers.LARGEST_NUMBER:
            raise Http404
        version = (
            publishing.history(target)
            .select_related("snapshot", "restores")
            .filter(number=number)
            .first()
        )
        if version is None:
            raise Http404
        return Response(serializers.VersionDetailSerializer(version).data)
