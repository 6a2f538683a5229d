"""Plain addresses come out as Anymail's own parsing makes them, without its work."""

import email.utils
from collections.abc import Callable
from typing import Any

import pytest
from anymail import utils
from anymail.exceptions import AnymailInvalidAddress
from hypothesis import example, given
from hypothesis import strategies as st

from providers.sending import send
from providers.transports import anymail_addresses
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp

ORIGINAL: Any = anymail_addresses.EmailAddress.__mro__[1]

PART = st.text("ab.Z9+-_'=@<>,;:\" \\()[]\r\nü민", max_size=8)
PLAIN = st.text("ab.-+_9", min_size=1, max_size=8)
ADDRESSES = st.builds("{}@{}".format, PART | PLAIN, PART | PLAIN)


def read(kind: Callable[..., Any], *args: Any) -> tuple[Any, ...] | str:
    try:
        found = kind(*args)
    except (AnymailInvalidAddress, AttributeError) as error:
        # The latter is a mistake of Python's own, which trips over "a@[".
        return f"{type(error).__name__}: {error}"
    return found.display_name, found.username, found.domain, found.addr_spec, str(found)


@given(ADDRESSES)
@example("a@[")
def test_an_address_is_the_same_with_and_without_a_grammar(address: str) -> None:
    for name in ("", "Moon & Leaf, Inc."):
        ours = read(anymail_addresses.EmailAddress, name, address)
        assert ours == read(ORIGINAL, name, address)


@given(st.lists(ADDRESSES | st.builds("{} <{}>".format, PART, ADDRESSES), min_size=1, max_size=3))
def test_lists_of_addresses_are_parsed_as_the_standard_library_does(values: list[str]) -> None:
    for _ in range(2):  # found and remembered
        assert anymail_addresses.getaddresses(values) == email.utils.getaddresses(values)


def test_a_list_that_was_parsed_is_the_callers_own() -> None:
    anymail_addresses.getaddresses(["Shop <shop@example.com>"]).clear()
    assert anymail_addresses.getaddresses(["Shop <shop@example.com>"]) == [
        ("Shop", "shop@example.com")
    ]


def test_anymail_parses_no_plain_address_with_a_grammar(
    *, esp: FakeEsp, use_providers: Any, new_mail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_providers(
        EMAIL_PROVIDERS="postmark", POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN, POSTMARK_API_URL=esp.url
    )
    send("postmark", new_mail())  # the sender is known from here on
    monkeypatch.delattr("email._header_value_parser.get_addr_spec")
    monkeypatch.setattr(anymail_addresses, "_getaddresses", None)
    assert send("postmark", new_mail(to="minji@example.com")).status_code == 200
    assert utils.EmailAddress is anymail_addresses.EmailAddress
