"""Notifications to send, to read, to retry and to cancel."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from access import problems
from access.actors import Actor
from access.idempotency import idempotent
from access.pagination import CursorPagination
from access.scopes import Scope
from notifications import direct, operations
from notifications.api import schema, serializers
from notifications.api.filters import NotificationFilter
from notifications.api.new import NewNotificationSerializer, told_to_clients
from notifications.content import ContentErased, content_of
from notifications.models import Notification
from notifications.states import CANCELLABLE, CLAIMABLE, REDRIVABLE, Status
from templating.errors import RenderingError

READ = {"GET": Scope.NOTIFICATIONS_READ}
READ_AND_SEND = READ | {"POST": Scope.NOTIFICATIONS_WRITE}
WRITE = {"POST": Scope.NOTIFICATIONS_WRITE}
# A context may be large, and only the content needs it.
WITHOUT_CONTEXT = Notification.objects.defer("context")


class NotificationList(ListAPIView[Notification]):
    """Notifications, and the way to send one that no order event causes."""

    required_scopes = READ_AND_SEND
    # By time and not by id, for the indexes of the filters end with it.
    queryset = WITHOUT_CONTEXT.order_by("-created_at")
    serializer_class = serializers.NotificationSerializer
    filterset_class = NotificationFilter
    pagination_class = CursorPagination
    ordering_fields = ("created_at",)

    @extend_schema(operation_id="list_notifications", summary="List notifications")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of notifications."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="send_notification",
        summary="Send a mail",
        description="Any event's templates to any address. The context is checked against the "
        "event's contract, and the mail rendered once, before it is accepted. With `send_at` it "
        "waits, visible and cancellable.",
        request=NewNotificationSerializer,
        responses={
            201: serializers.NotificationDetailSerializer,
            200: serializers.NotificationDetailSerializer,
            422: schema.NOT_SENDABLE,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Enqueue the mail in the body."""
        body = NewNotificationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            row, is_new = direct.send(body.validated_data, actor=Actor.from_request(request))
        except (direct.DirectMailRefused, RenderingError) as error:
            raise told_to_clients(error) from error
        location = request.build_absolute_uri(reverse("notification-detail", args=[row.pk]))
        return Response(
            serializers.NotificationDetailSerializer(row).data,
            status=201 if is_new else 200,
            headers={"Location": location},
        )


class NotificationDetail(RetrieveAPIView[Notification]):
    """One notification with its attempts, and what comes next, when and why."""

    required_scopes = READ
    queryset = WITHOUT_CONTEXT.prefetch_related("attempts")
    serializer_class = serializers.NotificationDetailSerializer
    filter_backends = ()

    @extend_schema(
        operation_id="get_notification",
        summary="Get a notification",
        description="With its attempts, and what comes next, when and why.",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with the notification."""
        return super().get(request, *args, **kwargs)


class NotificationContent(GenericAPIView[Notification]):
    """The mail itself: what was sent, or what would be sent now."""

    required_scopes = READ
    queryset = Notification.objects.all()
    serializer_class = serializers.ContentSerializer
    filter_backends = ()

    @extend_schema(
        operation_id="get_notification_content",
        summary="Get a notification's mail",
        description="Subject, HTML and text: what was sent, or what would be sent now.",
        responses={200: serializers.ContentSerializer, 409: schema.NO_CONTENT},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Render the mail from its kept context.

        Raises:
            Conflict: it cannot be rendered (any more); the problem's code says why.
        """
        try:
            content = content_of(self.get_object())
        except ContentErased as error:
            raise problems.Conflict(
                "The content was erased when its retention period ended.", code="content_erased"
            ) from error
        except RenderingError as error:
            raise problems.Conflict(
                str(error), code="rendering_failed", template=error.template, line=error.line
            ) from error
        return Response(self.get_serializer(content).data)


class Operation(GenericAPIView[Notification]):
    """What the retry and cancel views share: act, and show the notification as it is after it."""

    required_scopes = WRITE
    queryset: QuerySet[Notification] = WITHOUT_CONTEXT.prefetch_related("attempts")
    serializer_class = serializers.ReasonSerializer
    filter_backends = ()

    allowed_in: ClassVar[frozenset[Status]]

    def act(self, row: Notification, *, actor: Actor, reason: str) -> list[UUID]:
        """Carry out the operation; return the ids that it acted on."""
        raise NotImplementedError

    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Act on one notification.

        Raises:
            Conflict: it is in a state in which this cannot be done.
        """
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = self.get_object()
        reason = asked.validated_data["reason"]
        if not self.act(row, actor=Actor.from_request(request), reason=reason):
            row.refresh_from_db(fields=["status"])
            raise problems.Conflict(
                f"This cannot be done while the notification is {row.status}.",
                code="illegal_state",
                status_now=row.status,
                allowed_in=sorted(self.allowed_in),
            )
        after = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(serializers.NotificationDetailSerializer(after).data)


@extend_schema_view(
    post=extend_schema(
        operation_id="retry_notification",
        summary="Send a notification now",
        description="What waits need not wait longer, and a dead letter gets a new budget.",
        responses={200: serializers.NotificationDetailSerializer, 409: schema.NOT_NOW},
    )
)
class RetryNotification(Operation):
    """Send it now: what waits need not wait longer, and a dead letter gets a new budget."""

    allowed_in = CLAIMABLE | REDRIVABLE

    def act(self, row: Notification, *, actor: Actor, reason: str) -> list[UUID]:
        """Retry what waits, redrive what has ended."""
        operation = operations.redrive if row.status in REDRIVABLE else operations.retry
        return operation([row.pk], actor=actor, reason=reason)


@extend_schema_view(
    post=extend_schema(
        operation_id="cancel_notification",
        summary="Cancel a notification",
        description="Gives up on what has not left. What is being sent cannot be called back.",
        responses={200: serializers.NotificationDetailSerializer, 409: schema.NOT_NOW},
    )
)
class CancelNotification(Operation):
    """Give up on a notification that has not left."""

    allowed_in = CANCELLABLE

    def act(self, row: Notification, *, actor: Actor, reason: str) -> list[UUID]:
        """Cancel it."""
        return operations.cancel([row.pk], actor=actor, reason=reason)
