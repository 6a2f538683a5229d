"""The columns of text mails: amounts end at the same place, whatever script the words are in."""

from collections.abc import Iterator

import pytest

from templating import budget
from templating.errors import BoundsExceeded
from templating.filters.columns import columns


@pytest.fixture(autouse=True)
def _budget() -> Iterator[None]:
    with budget.opened():
        yield


def test_the_amount_ends_the_line() -> None:
    assert columns("2 × Tea", "$9.00", 20) == "2 × Tea        $9.00"


def test_korean_letters_take_two_places() -> None:
    assert columns("2 × 녹차", "₩900", 20) == "2 × 녹차        ₩900"


def test_long_words_wrap_before_the_amount() -> None:
    assert columns("1 × Green tea from Jeju", "$9", 20) == "1 × Green tea     $9\n    from Jeju"


def test_a_word_longer_than_its_column_is_not_cut() -> None:
    assert columns("1 × Teapot " + "x" * 30, "$9", 20).splitlines()[1] == "    " + "x" * 30


def test_an_amount_wider_than_the_line_keeps_its_distance() -> None:
    assert columns("Total", "$" + "9" * 30, 20) == "Total  $" + "9" * 30


def test_nothing_on_the_left_still_aligns() -> None:
    assert columns("", "$9", 10) == "        $9"


def test_a_width_beyond_reason_is_refused() -> None:
    with pytest.raises(BoundsExceeded):
        columns("Total", "$9", 10**9)
