"""Placing many orders with one request, each accepted or refused by itself."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import problem_documents
from access.idempotency import Write, idempotent_plan
from access.scopes import Scope
from access.serializers import StrictSerializer, shared
from orders import services
from orders.api.errors import told_to_clients
from orders.api.serializers import NewOrderSerializer
from orders.models import Order
from orders.services import Plan

MAX_ORDERS = 500


@extend_schema_field(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ORDERS,
        "items": {"$ref": "#/components/schemas/NewOrderRequest"},
    }
)
class OrdersField(serializers.Field[Any, Any, Any, Any]):
    """The orders as they were sent; only their number is looked at here."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the orders."""
        if not isinstance(data, list):
            raise ValidationError(["Orders are a JSON array."], "not_a_list")
        if not data:
            raise ValidationError(["A batch has at least one order."], "min_length")
        if len(data) > MAX_ORDERS:
            message = f"A batch has at most {MAX_ORDERS} orders, not {len(data):,}."
            raise ValidationError([message], "max_length")
        return data


class NewBatchSerializer(StrictSerializer):
    """Up to 500 orders to be placed, in this order."""

    orders = OrdersField()


class BatchResultSerializer(serializers.Serializer[Any]):
    """What became of one order of a batch."""

    index = serializers.IntegerField(help_text="Its place in the batch, from 0.")
    status = serializers.IntegerField(help_text="What it would have been answered with by itself.")
    number = serializers.CharField(required=False, help_text="The order's number, if accepted.")
    location = serializers.URLField(required=False, help_text="The order, if accepted.")
    problem = serializers.DictField(
        required=False, help_text="Why it was refused: a Problem, with pointers from the batch."
    )


class BatchSerializer(serializers.Serializer[Any]):
    """What became of each order of a batch."""

    accepted = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BatchResultSerializer(many=True)


class OrderBatch(APIView):
    """Many orders at once."""

    required_scopes: ClassVar = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="place_orders",
        summary="Place up to 500 orders",
        description="Each order is accepted or refused by itself; the answer is 200 even if all "
        "are refused. With an Idempotency-Key the whole batch can be repeated safely.",
        request=NewBatchSerializer,
        responses=BatchSerializer,
    )
    @idempotent_plan
    def post(self, request: Request) -> Write:
        """Place the orders in the body, one after the other."""
        body = NewBatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        plans = [_plan(item) for item in body.validated_data["orders"]]

        def place_them() -> Response:
            results = [_place(request, index, plan) for index, plan in enumerate(plans)]
            accepted = sum(result["status"] == 201 for result in results)
            return Response(
                {"accepted": accepted, "refused": len(results) - accepted, "results": results}
            )

        return Write(carry_out=place_them)


def _plan(item: Any) -> Plan[Order] | APIException:
    """Plan one order of the batch; return why it is refused, if it is."""
    try:
        if not isinstance(item, dict):
            raise ValidationError(["An order is a JSON object."], "not_an_object")
        new = shared(NewOrderSerializer).run_validation(item)
        with told_to_clients():
            return services.plan_order(new)
    except APIException as error:
        return error


def _place(request: Request, index: int, plan: Plan[Order] | APIException) -> dict[str, Any]:
    """Place one order of the batch, and return what became of it."""
    try:
        if isinstance(plan, APIException):
            raise plan
        with told_to_clients():
            order = plan.carry_out()
    except ValidationError as error:
        # The pointers lead from the whole body, which is what the client has at hand.
        detail: Any = {"orders": {index: error.detail}}
        refused: APIException = ValidationError(detail)
    except APIException as error:
        refused = error
    else:
        location = request.build_absolute_uri(reverse("order-detail", args=[order.number]))
        return {"index": index, "status": 201, "number": order.number, "location": location}
    problem = problem_documents.describe(request._request, refused)  # noqa: SLF001  as Django has it
    return {"index": index, "status": refused.status_code, "problem": problem}
