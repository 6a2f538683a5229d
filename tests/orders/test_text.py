"""What may stand in orders' texts beyond the rules for all texts."""

import pytest

from orders import text


@pytest.mark.parametrize("number", ["SO-1001", "1", "2026.03_7~a", "A" * 64])
def test_a_number_needs_no_escaping_anywhere(number: str) -> None:
    assert text.order_number(number) == number


@pytest.mark.parametrize(
    "number", ["", "a/b", "../x", ".", "a b", "주문1", "a\n", "#7", "a%2f", "A" * 65, "-1", "a\x00"]
)
def test_other_numbers_are_refused(number: str) -> None:
    with pytest.raises(ValueError, match="number"):
        text.order_number(number)


@pytest.mark.parametrize("sent", ["KR", "kr", "US", "XK"])
def test_a_country_is_kept_in_capitals(sent: str) -> None:
    assert text.country(sent) == sent.upper()


@pytest.mark.parametrize("sent", ["", "KOR", "ZZ", "EU", "QQ", "K1", "Ko"])
def test_what_is_no_country_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="country"):
        text.country(sent)
