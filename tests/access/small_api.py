"""A small API to meet access's parts in: a URL configuration for `settings.ROOT_URLCONF`."""

from typing import Any

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.actors import Actor
from access.idempotency import idempotent
from access.models import AuditEntry
from access.problems import Conflict

handler400 = "access.problem_documents.handler400"
handler403 = "access.problem_documents.handler403"
handler404 = "access.problem_documents.handler404"
handler500 = "access.problem_documents.handler500"

log = structlog.get_logger("tests.small_api")


class LineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=8)
    quantity = serializers.IntegerField(min_value=1)


class BasketSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=1000)
    lines = LineSerializer(many=True)
    extra = serializers.DictField(child=serializers.IntegerField(), required=False)

    def validate_name(self, value: str) -> str:
        if value == "slash":
            raise serializers.ValidationError({"a/b~c d": ["Odd key."]})
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["lines"]) > 3:
            raise serializers.ValidationError("Too many lines together.")
        return attrs


class Baskets(APIView):
    """Baskets."""

    required_scopes = {"GET": "orders:read", "POST": ("orders:read", "orders:write")}

    @extend_schema(responses=BasketSerializer)
    def get(self, request: Request) -> Response:
        """See who you are."""
        actor = Actor.from_request(request)
        log.info("seen")
        return Response({"kind": actor.kind, "id": actor.id, "label": actor.label})

    @extend_schema(request=BasketSerializer, responses={201: BasketSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Fill a basket."""
        basket = BasketSerializer(data=request.data)
        basket.is_valid(raise_exception=True)
        return Response(basket.validated_data, status=201)


class Echo(APIView):
    """Says what the parser made of the body."""

    permission_classes = ()
    authentication_classes = ()

    @extend_schema(request=dict, responses=dict)
    def post(self, request: Request) -> Response:
        """Echo."""
        return Response({"heard": request.data})


class Failing(APIView):
    """Fails in the way that the path says."""

    permission_classes = ()
    authentication_classes = ()

    @extend_schema(responses=dict)
    def get(self, request: Request, how: str) -> Response:
        """Fail."""
        if how == "conflict":
            raise Conflict(
                "This order is placed.", code="illegal_event", legal=["paid", "cancelled"]
            )
        if how == "throttled":
            raise Throttled(wait=7)
        raise RuntimeError("the password is hunter2")


class Undeclared(APIView):
    """Forgot to declare its scopes."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        raise AssertionError("Nobody may get here.")


class EntrySerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = ("id", "action")


class Entries(ListAPIView[AuditEntry]):
    """Audit entries, by time."""

    queryset = AuditEntry.objects.order_by("-at")
    serializer_class = EntrySerializer
    required_scopes = {"GET": "orders:read"}


def plain_view(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is hunter2")


urlpatterns = [
    path("api/v1/baskets/", Baskets.as_view()),
    path("api/v1/echo/", Echo.as_view()),
    path("api/v1/failing/<str:how>/", Failing.as_view()),
    path("api/v1/undeclared/", Undeclared.as_view()),
    path("api/v1/entries/", Entries.as_view()),
    path("api/v1/schema/", SpectacularAPIView.as_view()),
    path("api/plain/", plain_view),
    path("api/", include("access.urls")),
    path("plain/", plain_view),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]
