"""SMTP_URL."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.smtp_url import parse_smtp_url


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "use_ssl"),
    [
        ("smtp://mail.test", 25, False, False),
        ("smtp+tls://mail.test", 587, True, False),
        ("smtps://mail.test", 465, False, True),
        ("smtp://mail.test:2525", 2525, False, False),
        ("SMTP://mail.test/", 25, False, False),
    ],
)
def test_the_scheme_says_how_the_connection_is_secured(
    url: str, port: int, use_tls: bool, use_ssl: bool
) -> None:
    found = parse_smtp_url(url)
    assert (found["host"], found["port"]) == ("mail.test", port)
    assert (found["use_tls"], found["use_ssl"]) == (use_tls, use_ssl)


@given(user=st.text(min_size=1), password=st.text(min_size=1))
def test_any_user_name_and_password_survive_percent_encoding(user: str, password: str) -> None:
    url = f"smtp+tls://{quote(user, safe='')}:{quote(password, safe='')}@mail.test"
    found = parse_smtp_url(url)
    assert (found["username"], found["password"]) == (user, password)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.test",
        "http://mail.test",
        "smtp://",
        "smtp://:25",
        "smtp://mail.test:0x19",
        "smtp://mail.test:99999",
        "smtp://mail.test/path",
        "smtp://mail.test?tls=1",
        "smtp://user@mail.test",
        "smtp://:password@mail.test",
        "smtp://a:b@c@mail.test",
        "smtp://a:b#c@mail.test",
        "smtp://[::1",
    ],
)
def test_what_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$|IPv6"):
        parse_smtp_url(url)


def test_an_ipv6_address_is_a_host() -> None:
    assert parse_smtp_url("smtp://[::1]:2525")["host"] == "::1"
