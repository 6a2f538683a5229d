"""The suppression list as a resource: see it, add to it, release from it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from access import text
from access.actors import Actor
from access.fields import TextField
from access.idempotency import idempotent
from access.pagination import CursorPagination
from access.scopes import Scope
from access.serializers import StrictSerializer
from notifications import suppression_list
from notifications.models import Suppression, SuppressionReason
from notifications.suppressions import normalise

SCOPES = {
    "GET": Scope.SUPPRESSIONS_READ,
    "POST": Scope.SUPPRESSIONS_WRITE,
    "DELETE": Scope.SUPPRESSIONS_WRITE,
}


class SuppressionSerializer(serializers.ModelSerializer[Suppression]):
    """An address that is not mailed, and why."""

    class Meta:
        model = Suppression
        fields = ("id", "address", "reason", "provider", "note", "created_at")
        read_only_fields = fields


class NewSuppressionSerializer(StrictSerializer):
    """An address that must not be mailed."""

    address = TextField(clean=text.email_address, schema=text.EMAIL, max_length=254)
    note = TextField(
        clean=text.paragraphs,
        schema=text.PARAGRAPHS,
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why; for people.",
    )


class SuppressionFilter(django_filters.FilterSet):
    """The list's query parameters; each one given narrows the list further."""

    address = django_filters.CharFilter(
        method="with_address", help_text="The address; capital letters make no difference."
    )
    reason = django_filters.ChoiceFilter(choices=SuppressionReason.choices)
    provider = django_filters.CharFilter(help_text="The provider that reported it.")

    class Meta:
        model = Suppression
        fields: list[str] = []

    def with_address(
        self, entries: QuerySet[Suppression], _name: str, value: str
    ) -> QuerySet[Suppression]:
        """Return the entry of an address."""
        return entries.filter(address=normalise(value))


class SuppressionList(ListAPIView[Suppression]):
    """Addresses that are not mailed."""

    required_scopes = SCOPES
    queryset = Suppression.objects.order_by("-created_at")
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilter
    pagination_class = CursorPagination
    ordering_fields = ("created_at", "address")

    @extend_schema(operation_id="list_suppressions", summary="List suppressed addresses")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="suppress_address",
        summary="Suppress an address",
        description="Mail to it is held back from now on. 200 if it was suppressed before.",
        request=NewSuppressionSerializer,
        responses={201: SuppressionSerializer, 200: SuppressionSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Put the address in the body on the list."""
        body = NewSuppressionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        entry, is_new = suppression_list.suppress(
            body.validated_data["address"],
            note=body.validated_data["note"],
            actor=Actor.from_request(request),
        )
        location = request.build_absolute_uri(reverse("suppression-detail", args=[entry.pk]))
        return Response(
            SuppressionSerializer(entry).data,
            status=201 if is_new else 200,
            headers={"Location": location},
        )


class SuppressionDetail(RetrieveAPIView[Suppression]):
    """One suppressed address."""

    required_scopes = SCOPES
    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    filter_backends = ()

    @extend_schema(operation_id="get_suppression", summary="Get a suppressed address")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with the entry."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="release_address",
        summary="Release an address",
        description="It is mailed again from now on. What was held back is not sent by itself.",
        responses={204: None},
    )
    @idempotent
    def delete(self, request: Request, pk: int) -> Response:
        """Take the address off the list.

        Raises:
            Http404: it is not on it.
        """
        if not suppression_list.release(self.get_object(), actor=Actor.from_request(request)):
            raise Http404
        return Response(status=204)


urlpatterns = [
    path("suppressions/", SuppressionList.as_view(), name="suppression-list"),
    path("suppressions/<int:pk>/", SuppressionDetail.as_view(), name="suppression-detail"),
]
