"""What the published schema says of posting an event: one body for each registered event type."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema_field,
)
from rest_framework import serializers

from access.serializers import StrictSerializer
from orders import event_types, text
from orders.api.serializers import LinesSerializer

NUMBER = OpenApiParameter(
    "number",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="The order's number.",
    pattern=text.NUMBER_SCHEMA["pattern"],
)

PROBLEM = {"$ref": "#/components/schemas/Problem"}
NUMBER_TAKEN = OpenApiResponse(PROBLEM, "An order with this number exists (`number_taken`).")
NO_NUMBER = OpenApiResponse(PROBLEM, "No order has the number `batch`, an address of its own.")
NOT_NOW = OpenApiResponse(
    {
        "allOf": [
            PROBLEM,
            {
                "type": "object",
                "properties": {
                    "status_now": {"type": "string", "description": "Where the order stands."},
                    "legal": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "The events that it allows.",
                    },
                },
            },
        ]
    },
    "The order's status does not allow the event (`illegal_event`).",
)


def new_event() -> PolymorphicProxySerializer:
    """Return the body of POST …/events/: `type` decides what `data` may hold."""
    return PolymorphicProxySerializer(
        component_name="NewOrderEvent",
        resource_type_field_name="type",
        serializers={name: _body(name, event) for name, event in event_types.postable().items()},
    )


def _body(name: str, event: event_types.OrderEventType[Any]) -> Any:
    schema = event.data.model_json_schema()
    data = extend_schema_field(schema)(
        type(f"{event.data.__name__}Field", (serializers.JSONField,), {})
    )
    fields = {
        "type": serializers.ChoiceField([name], help_text=event.contract.title),
        "data": data(required=False),
    }
    return type(f"NewOrderEvent{name.title()}Serializer", (StrictSerializer,), fields)()


class LinesSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Says how many lines an order has."""

    target_class = LinesSerializer

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Return the array's schema."""
        line = auto_schema.resolve_serializer(self.target.child, direction)
        most = settings.API_MAX_ORDER_LINES
        return {"type": "array", "items": line.ref, "minItems": 1, "maxItems": most}
