"""Locale names, as people and systems write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templating.locales import candidates, for_formatting, normalise


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("ko", "ko"),
        ("KO_kr", "ko-KR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("../ko", ""),
        ("", ""),
        ("korean language", ""),
        ("한국어", ""),
    ],
)
def test_a_locale_is_written_one_way(locale: str, expected: str) -> None:
    assert normalise(locale) == expected


def test_a_locale_falls_back_part_by_part_and_then_to_the_default() -> None:
    assert candidates("zh-Hant-TW", default="en-GB") == (
        "zh-Hant-TW",
        "zh-Hant",
        "zh",
        "en-GB",
        "en",
    )
    assert candidates("en", default="en") == ("en",)
    assert candidates("?", default="en") == ("en",)


@pytest.mark.parametrize(
    ("wanted", "words", "expected"),
    [
        ("en-GB", "en", "en_GB"),
        ("en-XX", "en", "en"),
        ("fr", "en", "en"),
        ("zh-TW", "zh", "zh_Hant_TW"),
        ("ko", "ko", "ko"),
        ("xx", "xx", "en"),
        ("", "ko", "ko"),
    ],
)
def test_numbers_follow_the_recipient_only_in_the_language_of_the_words(
    wanted: str, words: str, expected: str
) -> None:
    assert for_formatting(wanted=wanted, words=words) == expected


@given(st.text(), st.text())
def test_any_text_can_be_asked_for_as_a_locale(wanted: str, words: str) -> None:
    assert for_formatting(wanted=wanted, words=words)
    assert all(".." not in candidate for candidate in candidates(wanted, default=words))
