"""Serializer fields that take JSON at its word: a text is a string, a quantity is an integer."""

import json
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access.fields import WholeNumberField
from orders import money
from orders.models import MAX_QUANTITY

MAX_OBJECT_BYTES = 8192
MAX_OBJECT_DEPTH = 5

AMOUNT_IN = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]+)?$"},
        {"type": "number", "minimum": 0, "exclusiveMaximum": int(money.LIMIT)},
    ],
    "description": "An exact amount with at most the decimals of the currency (KRW 0, USD 2, "
    "KWD 3); better a string than a number.",
}
AMOUNT_OUT = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)?$",
    "description": "An exact amount with the decimals of the currency.",
}


class QuantityField(WholeNumberField):
    """A JSON integer from 1 to a million."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_QUANTITY, **options)


@extend_schema_field(AMOUNT_IN)
class AmountField(serializers.Field[Decimal, Any, str, Any]):
    """An amount as clients send it; whether it fits the currency is decided with the order."""

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the exact amount."""
        try:
            return money.read_amount(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Decimal) -> str:
        """Return the amount as a string (for a default in the schema)."""
        return str(value)


@extend_schema_field(AMOUNT_OUT)
class ExactAmountField(serializers.Field[Any, Any, str, Any]):
    """An amount of a record that knows its `currency`, as a string with its decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def get_attribute(self, instance: Any) -> tuple[Any, str]:
        """Return the amount with the currency it is in."""
        return super().get_attribute(instance), instance.currency

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        """Return the string."""
        amount, currency = value
        return str(money.exact(amount, currency))


@extend_schema_field({"type": "object", "additionalProperties": True})
class JSONObjectField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """A bounded JSON object: metadata of the client's own, or the data of an event."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object. What JSON cannot hold the parser has already refused."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This is a JSON object.")
        if _depth_exceeds(data, MAX_OBJECT_DEPTH):
            message = f"The object nests at most {MAX_OBJECT_DEPTH} levels deep."
            raise serializers.ValidationError(message, "too_deep")
        if len(json.dumps(data, ensure_ascii=False).encode()) > MAX_OBJECT_BYTES:
            message = f"The object has at most {MAX_OBJECT_BYTES:,} bytes."
            raise serializers.ValidationError(message, "too_large")
        return data

    def to_representation(self, value: Any) -> Any:
        """Return the object as it was sent."""
        return value


def _depth_exceeds(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    children = value.values() if isinstance(value, dict) else value
    return any(_depth_exceeds(child, levels - 1) for child in children)
