"""What the serializers of all resources share."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rest_framework import serializers

MOST_NAMED = 100
"""Unknown fields that are named; a body may hold as many as a megabyte does."""


class StrictSerializer(serializers.Serializer[Any]):
    """A JSON object whose every field is declared."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values; unknown fields are refused by name, beside what else is wrong."""
        if not isinstance(data, Mapping):
            # A list, not DRF's {"non_field_errors": …}: the pointer is to this very value.
            raise serializers.ValidationError(["This is a JSON object."])
        unknown = {
            str(name): [serializers.ErrorDetail("There is no such field.", "unknown_field")]
            for name in islice((name for name in data if name not in self.fields), MOST_NAMED)
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            known: Any = error.detail  # by field, since `data` is an object
            raise serializers.ValidationError(known | unknown) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return values
