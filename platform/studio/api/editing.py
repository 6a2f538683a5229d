"""The endpoints that change templates: drafts, publishing, rollbacks."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from access.actors import Actor
from access.idempotency import idempotent
from access.problems import InvalidParameter, Unprocessable
from studio import checking, documents, drafts, editing, releases
from studio.api import schema, serializers
from studio.api.views import TemplatesView, mail, named, told
from studio.models import How
from studio.releases import FILES, Words
from templating import publishing
from templating.publishing import Target


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
        draft = editing.save(
            document,
            texts=named(document, body),
            revision=body["revision"],
            actor=Actor.from_request(request),
            inventory=inventory,
        )
        found = checking.problems(
            document, changes=document.changes(draft.texts), inventory=inventory
        )
        live = documents.digest(documents.live_texts(document, inventory))
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
        detail = ErrorDetail(f"There is no version {number}.", "unknown_version")
        raise Unprocessable("There is no such version.", errors=[(("version",), detail)])
    return str(version.pk)
