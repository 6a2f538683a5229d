"""No address and no name may be read from what is stored of a provider's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.masking import LONGEST_DETAIL, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Invalid 'To' address: 'minji@example.com'.", "Invalid 'To' address: '***@example.com'."),
        ('{"email": "kim.minji+tea@example.com"}', '{"email": "***@example.com"}'),
        ("550 5.1.1 <minji@예시.kr>: no", "550 5.1.1 <***@예시.kr>: no"),
        ("민지@example.com", "***@example.com"),
        ("a@b.com,c@d.org;e@f.net", "***@b.com,***@d.org;***@f.net"),
        ('"kim minji"@example.com', "***@example.com"),
        ("to=minji@example.com", "to=***@example.com"),
        ("minji@[192.0.2.1]", "***@[192.0.2.1]"),
        ("no address, only an @ sign", "no address, only an @ sign"),
    ],
)
def test_addresses_keep_only_their_domain(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_the_recipients_name_and_local_part_are_masked_wherever_they_stand() -> None:
    text = "Kim Minji could not be reached: minji is unknown here; minjin is somebody else"
    found = mask(text, recipients=["Kim Minji <minji@example.com>"])
    assert found == "*** could not be reached: *** is unknown here; minjin is somebody else"


def test_an_address_that_cannot_be_parsed_is_masked_too() -> None:
    assert "minji" not in mask('Invalid address "minji@@example"', recipients=["minji@@example"])


def test_long_text_is_cut() -> None:
    assert len(mask("x" * 100_000)) == LONGEST_DETAIL


@given(local=st.from_regex(r"[a-z0-9.+_-]{2,30}", fullmatch=True), around=st.text(max_size=30))
def test_no_plain_local_part_survives(local: str, around: str) -> None:
    text = f"{around} {local}@example.com {around}"
    assert f"{local}@" not in mask(text, recipients=[f"{local}@example.com"])
