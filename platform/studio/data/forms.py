"""What the pages send."""

from typing import Any

from rest_framework import serializers

from access.serializers import StrictSerializer
from studio.models import KEY_LENGTH
from templating.environment import LARGEST_SOURCE

MOST_PARTS = 8


def text_field(**options: Any) -> serializers.CharField:
    """Return a field for words as they were typed, blanks included."""
    return serializers.CharField(
        **{"required": False, "allow_blank": True, "trim_whitespace": False, **options}
    )


class KeyForm(StrictSerializer):
    """Names a document."""

    key = serializers.CharField(max_length=KEY_LENGTH)


class TextsForm(KeyForm):
    """A document as an editor has it."""

    texts = serializers.DictField(child=text_field(max_length=LARGEST_SOURCE))

    def validate_texts(self, texts: dict[str, str]) -> dict[str, str]:
        """Return the texts with plain line ends.

        Raises:
            ValidationError: there are more than any document has.
        """
        if len(texts) > MOST_PARTS:
            raise serializers.ValidationError("No document has so many parts.")
        return {name: text.replace("\r\n", "\n") for name, text in texts.items()}


class CheckForm(TextsForm):
    """What is to be checked: in all mails, or in one of them."""

    target = serializers.CharField(max_length=KEY_LENGTH, required=False, allow_null=True)


class PreviewForm(CheckForm):
    """What is to be shown, with which data."""

    sample = serializers.CharField(max_length=200, required=False, allow_null=True)
    notification = serializers.UUIDField(required=False, allow_null=True)
    locale = serializers.CharField(max_length=35, required=False, allow_null=True)


class TestForm(CheckForm):
    """What is to be sent as a test, with which data."""

    sample = serializers.CharField(max_length=200, required=False, allow_null=True)
    notification = serializers.UUIDField(required=False, allow_null=True)


class ComparisonForm(CheckForm):
    """Which real mail is to be compared."""

    notification = serializers.UUIDField()


class DraftForm(TextsForm):
    """What is to be saved, and on top of which revision."""

    revision = serializers.IntegerField(min_value=1, allow_null=True)


class DiscardForm(KeyForm):
    """Which draft is given up."""

    revision = serializers.IntegerField(min_value=1)


class PublishForm(DiscardForm):
    """Which draft goes live, and why."""

    note = text_field(max_length=2000, default="")
    live = serializers.CharField(max_length=64, required=False, allow_null=True)
    override = text_field(max_length=500, default="", trim_whitespace=True, allow_null=True)


class RollbackForm(KeyForm):
    """What goes live again, and why."""

    version = serializers.CharField(max_length=20)
    note = text_field(max_length=2000, default="")
    override = text_field(max_length=500, default="", trim_whitespace=True, allow_null=True)
