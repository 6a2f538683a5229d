"""What the serializers of all resources share."""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from django.utils.translation import get_language
from rest_framework import serializers

Kind = TypeVar("Kind", bound=serializers.BaseSerializer[Any])

MOST_NAMED = 100
"""Unknown fields that are named; a body may hold as many as a megabyte does."""


def shared(kind: type[Kind]) -> Kind:
    """Return the one serializer of its kind that reads all bodies or describes all rows.

    Making a serializer copies each of its fields and theirs; for an order that took longer than
    reading it. This one has neither instance nor context, and is asked only for `run_validation`
    and `to_representation`, which keep nothing but the words of DRF's validators: those are put
    into a language once, so there is one serializer for each.
    """
    made: Kind = _shared(kind, get_language())  # type: ignore[arg-type]  # a class is hashable
    return made


@cache
def _shared(kind: Callable[[], Any], language: str | None) -> Any:
    del language  # a key of the cache
    return kind()


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
