"""Serializers that are made once read for everybody."""

import pytest
from django.utils import translation
from rest_framework import serializers

from access.serializers import StrictSerializer, shared


class Basket(StrictSerializer):
    """Something with a bound, of which DRF's validator tells in the reader's language."""

    apples = serializers.IntegerField(max_value=3)


def complaint(language: str) -> str:
    """Return what is said in a language of too many apples."""
    with translation.override(language), pytest.raises(serializers.ValidationError) as caught:
        shared(Basket).run_validation({"apples": 4})
    return str(caught.value.detail["apples"][0])  # type: ignore[index,call-overload]


def test_each_reader_is_told_in_their_own_language() -> None:
    korean, english = complaint("ko"), complaint("en")
    assert not korean.isascii()
    assert english == "Ensure this value is less than or equal to 3."
    assert complaint("ko") == korean


def test_there_is_one_of_each_kind() -> None:
    assert shared(Basket) is shared(Basket)
