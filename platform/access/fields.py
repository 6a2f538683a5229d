"""Serializer fields that take JSON at its word: a text is a string, and one line of it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rest_framework import serializers

from access import text

# RFC 3339, which is what a schema's `date-time` means.
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


class TextField(serializers.CharField):
    """A string, cleaned by one of the functions of `access.text`.

    `schema` is what the published schema says of it, if it is not a line of text.
    """

    def __init__(
        self,
        *,
        clean: Callable[[str], str] = text.single_line,
        schema: text.Schema | None = None,
        **options: Any,
    ) -> None:
        # Trimming is left to `clean`: it would hide a line break at the end.
        super().__init__(trim_whitespace=False, **options)
        self.clean = clean
        self._schema = schema

    @property
    def schema(self) -> text.Schema:
        """What a JSON schema says of the text beyond its length."""
        usual = text.LINE if self.allow_blank else text.NONBLANK_LINE
        schema = usual if self._schema is None else self._schema
        if not (self.allow_blank and "pattern" in schema):
            return schema
        # drf-spectacular adds "or empty" by itself, as another one of `oneOf`: not both may match.
        return {**schema, "pattern": schema["pattern"].replace("]*$", "]+$")}

    def to_internal_value(self, data: Any) -> str:
        """Return the cleaned text; numbers and booleans are no texts."""
        if not isinstance(data, str):
            self.fail("invalid")
        # Bounded before cleaning: DRF's validators would look at the length only afterwards.
        if self.max_length is not None and len(data) > self.max_length:
            self._refuse_length()
        if not data:
            return data
        try:
            cleaned = self.clean(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        if not cleaned and not self.allow_blank:
            self.fail("blank")
        return cleaned

    def _refuse_length(self) -> None:
        raise serializers.ValidationError(
            f"Ensure this field has no more than {self.max_length} characters.", "max_length"
        )


class WholeNumberField(serializers.IntegerField):
    """A JSON integer, which 2.0 is too (JSON Schema 2020-12, 6.1.1); "2" and true are none."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int | float) or data != int(data):
            self.fail("invalid")
        return int(data)


class MomentField(serializers.DateTimeField):
    """A moment in ISO 8601 with its offset from UTC: without one nobody knows which it is."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment."""
        if not isinstance(value, str) or MOMENT.fullmatch(value) is None:
            raise serializers.ValidationError(
                "A moment is written like 2026-03-14T09:26:53Z, with its offset from UTC.",
                "invalid",
            )
        moment: datetime = super().to_internal_value(value)
        return moment


class StrictListField(serializers.ListField):
    """A JSON array; DRF's own would take an object's or a form's values."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the items."""
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        items: list[Any] = super().to_internal_value(data)
        return items
