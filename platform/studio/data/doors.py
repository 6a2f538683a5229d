"""What all of the pages' endpoints share: who may, how much, and how a refusal is worded."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from rest_framework import exceptions, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.actors import Actor
from access.problems import ContentTooLarge
from studio import documents
from studio.documents import Document
from studio.inventory import Inventory
from studio.refusals import as_problem

SerializerT = TypeVar("SerializerT", bound=serializers.Serializer[Any])


class Right(StrEnum):
    """What a person may do with templates; permissions of Django."""

    SEE = "templating.view_template"
    EDIT = "templating.change_template"
    PUBLISH = "templating.publish_template"
    TEST = "templating.test_template"
    OVERRIDE = "templating.override_template"


class Session(SessionAuthentication):
    """Knows people by the admin's session, and asks for the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        """Return what makes a missing sign-in a 401 and not a 403."""
        return 'Session realm="admin"'


class HasRight(BasePermission):
    """Lets staff with the endpoint's right pass."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Say whether the person may."""
        right: Right = getattr(view, "right", Right.SEE)
        return may(request.user, Right.SEE) and may(request.user, right)


def may(user: Any, right: Right) -> bool:
    """Say whether a person has a right (and may use the admin at all)."""
    signed_in = isinstance(user, AbstractUser) and user.is_active and user.is_staff
    return signed_in and user.has_perm(right)


class Door(APIView):
    """One endpoint of the pages. `right` is what it takes beyond seeing templates."""

    schema = None  # no part of the public API
    authentication_classes = (Session,)
    permission_classes = (HasRight,)
    throttle_classes = ()
    right: ClassVar[Right] = Right.SEE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse large bodies before they are read, then who may not.

        Raises:
            ContentTooLarge: the body is larger than the API's may be.
        """
        limit: int = settings.API_MAX_BODY_BYTES
        declared = str(request.META.get("CONTENT_LENGTH") or "0")
        if not declared.isdigit() or int(declared) > limit:
            raise ContentTooLarge(limit=limit)
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what the use cases refuse with."""
        return super().handle_exception(as_problem(exc))

    @property
    def actor(self) -> Actor:
        """Who asks, for history and audit log."""
        return Actor.from_request(self.request)

    @property
    def person(self) -> AbstractUser:
        """Who asks, as their account."""
        user: Any = self.request.user
        assert isinstance(user, AbstractUser)  # noqa: S101 - HasRight has made sure of it
        return user

    def body(self, form: type[SerializerT]) -> Mapping[str, Any]:
        """Return the values of the request's body. Raises ValidationError."""
        return values(form, self.request.data)

    def query(self, name: str) -> str:
        """Return a parameter of the query string. Raises NotFound where it is missing."""
        found = self.request.query_params.get(name, "")
        if not found or "\x00" in found:
            raise exceptions.NotFound(f"Name one: ?{name}=…")
        return found

    def document(self, key: str) -> tuple[Document, Inventory]:
        """Return a document, and all that is live. Raises UnknownDocument."""
        inventory = Inventory()
        return documents.find(key, inventory), inventory


def values(form: type[SerializerT], data: Any) -> Mapping[str, Any]:
    """Return what a form makes of data. Raises ValidationError."""
    bound = form(data=data)
    bound.is_valid(raise_exception=True)
    found: Mapping[str, Any] = bound.validated_data
    return found
