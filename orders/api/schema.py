"""What the published schema says of posting an event: one body for each registered event type."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from orders import event_types, text

NUMBER = OpenApiParameter(
    "number",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="The order's number.",
    pattern=text.NUMBER_SCHEMA["pattern"],
)

PROBLEM = {"$ref": "#/components/schemas/Problem"}
NUMBER_TAKEN = OpenApiResponse(PROBLEM, "An order with this number exists (`number_taken`).")
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
    return inline_serializer(
        f"NewOrderEvent{name.title()}",
        {
            "type": serializers.ChoiceField([name], help_text=event.contract.title),
            "data": data(required=False),
        },
    )
