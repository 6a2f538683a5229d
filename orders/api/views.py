"""The endpoints of orders and their events: doors to `orders.services`."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from access.idempotency import Write, idempotent_plan
from access.pagination import CursorPagination
from access.scopes import Scope
from access.serializers import shared
from orders import services
from orders.api import examples, schema
from orders.api.errors import told_to_clients
from orders.api.filters import OrderFilter
from orders.api.planned import planned_write
from orders.api.serializers import (
    NewEventSerializer,
    NewOrderSerializer,
    OrderEventSerializer,
    OrderSerializer,
)
from orders.models import Order, OrderEvent

SCOPES = {"GET": Scope.ORDERS_READ, "POST": Scope.ORDERS_WRITE}


class OrderList(ListAPIView[Order]):
    """Place orders, and list them."""

    required_scopes: ClassVar = SCOPES
    queryset = Order.objects.prefetch_related("lines").order_by("-created_at")
    serializer_class = OrderSerializer
    pagination_class = CursorPagination
    filterset_class = OrderFilter
    ordering_fields = ("created_at", "number")

    @extend_schema(operation_id="list_orders", summary="List orders")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of orders, the newest first unless `ordering` says otherwise."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="place_order",
        summary="Place an order",
        description="Records the order and the event `order.placed`, and owes the mail about it. "
        "Totals are computed by the server. Sending is not waited for.",
        request=NewOrderSerializer,
        responses={201: OrderSerializer, 409: schema.NUMBER_TAKEN},
    )
    @idempotent_plan
    def post(self, request: Request) -> Write:
        """Place the order in the body."""
        new = shared(NewOrderSerializer).run_validation(request.data)
        with told_to_clients():
            plan = services.plan_order(new)

        def created(order: Order) -> Response:
            location = request.build_absolute_uri(reverse("order-detail", args=[order.number]))
            described = shared(OrderSerializer).to_representation(order)
            return Response(described, status=201, headers={"Location": location})

        return planned_write(plan, created)


class OrderDetail(RetrieveAPIView[Order]):
    """One order."""

    required_scopes: ClassVar = SCOPES
    queryset = Order.objects.prefetch_related("lines")
    serializer_class = OrderSerializer
    lookup_field = "number"
    filter_backends = ()

    @extend_schema(
        operation_id="get_order",
        summary="Get an order",
        parameters=[schema.NUMBER],
        responses={200: OrderSerializer, 405: schema.NO_NUMBER},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with the order."""
        return super().get(request, *args, **kwargs)


class OrderEventList(ListAPIView[OrderEvent]):
    """Record what happens to an order, and list what has happened."""

    required_scopes: ClassVar = SCOPES
    queryset = OrderEvent.objects.none()
    serializer_class = OrderEventSerializer
    pagination_class = CursorPagination
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[OrderEvent]:
        """Return the order's events, the first one first."""
        order = get_object_or_404(Order, number=self.kwargs["number"])
        return order.events.order_by("created_at").select_related("order")

    @extend_schema(
        operation_id="list_order_events",
        summary="List an order's events",
        parameters=[schema.NUMBER],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one page of events."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="record_order_event",
        summary="Record an event of an order",
        description="Moves the order, and owes the mail about it. An event that the order's state "
        "does not allow is 409; `legal` lists those that it allows.",
        parameters=[schema.NUMBER],
        request=schema.new_event(),
        responses={201: OrderEventSerializer, 409: schema.NOT_NOW},
        examples=examples.NEW_EVENTS,
    )
    @idempotent_plan
    def post(self, request: Request, number: str) -> Write:
        """Record the event in the body."""
        values = shared(NewEventSerializer).run_validation(request.data)
        with told_to_clients():
            plan = services.plan_event(number=number, kind=values["type"], data=values["data"])
        return planned_write(
            plan,
            lambda event: Response(
                shared(OrderEventSerializer).to_representation(event), status=201
            ),
        )
