"""The endpoints that show templates: events, mails, previews, versions."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as drf
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.pagination import CursorPagination
from access.scopes import Scope
from studio import documents, drafts, inbox, listing, previews
from studio.api import contexts, schema, serializers
from studio.documents import Document, UnknownDocument
from studio.inventory import Inventory
from studio.models import Draft
from studio.refusals import as_problem
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
        responses={
            200: serializers.PreviewSerializer,
            409: schema.NOT_RENDERED,
            422: schema.UNUSABLE_DATA,
        },
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
