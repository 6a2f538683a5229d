"""Texts that clients send are cleaned by one set of rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import text


@pytest.mark.parametrize("name", ["Kim Minji", "محمد علي", "O'Brien & <b>", "李 小龍", "Zoë 👩‍🚀"])
def test_names_of_all_the_world_are_kept(name: str) -> None:
    assert text.single_line(f"  {name} ") == name


@pytest.mark.parametrize(
    "bad",
    [
        "a\nb",
        "a\r\nBcc: x@example.com",
        "a\x00",
        "\x1b[31m",
        "a\u2028b",
        "a\u2029",
        "a\x7f",
        "a\x85b",
        "\ud800",
    ],
)
def test_line_breaks_and_control_characters_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"U\+"):
        text.single_line(bad)


def test_notes_may_have_several_lines() -> None:
    assert text.paragraphs("We are sorry.\r\n\r\nYour shop ") == "We are sorry.\n\nYour shop"
    with pytest.raises(ValueError, match=r"U\+001B"):
        text.paragraphs("a\n\x1b")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Minji@EXAMPLE.com", "Minji@example.com"),
        ("a+b@example.com", "a+b@example.com"),
        ("x@한국.kr", "x@한국.kr"),
        ("x@xn--3e0b707e.kr", "x@한국.kr"),
    ],
)
def test_an_address_is_kept_in_one_spelling(sent: str, kept: str) -> None:
    assert text.email_address(sent) == kept


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "minji",
        "minji@",
        "@example.com",
        "a@b@example.com",
        "a b@example.com",
        "a@example..com",
        "a@example.com\nBcc: b@example.com",
        "<a@example.com>",
        "Ann <a@example.com>",
        "a@localhost",
        "민지@example.com",
        f"{'a' * 65}@example.com",
        "a@[127.0.0.1]",
        "a@example.com,b@example.com",
    ],
)
def test_what_no_mail_can_be_sent_to_is_no_address(sent: str) -> None:
    with pytest.raises(ValueError, match="email address"):
        text.email_address(sent)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko-KR"),
        ("KO_kr", "ko-KR"),
        ("pt-br", "pt-BR"),
        ("zh-hant", "zh-Hant"),
        ("zh-TW", "zh-TW"),
        ("en-KR", "en"),
        ("es-419", "es-419"),
        ("sr-latn-rs", "sr-Latn-RS"),
    ],
)
def test_a_locale_is_kept_in_its_usual_spelling(sent: str, kept: str) -> None:
    assert text.locale(sent) == kept


@pytest.mark.parametrize(
    "sent", ["", "xx", "korean", "und", "ko-", "../ko", "ko/../en", "a", "ko\n", "tlh"]
)
def test_what_is_no_known_language_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="language"):
        text.locale(sent)


@given(st.text(max_size=12))
def test_a_locale_is_always_a_plain_folder_name_or_refused(sent: str) -> None:
    try:
        kept = text.locale(sent)
    except ValueError:
        return
    assert kept.replace("-", "").isalnum()
    assert kept.isascii()


@pytest.mark.parametrize(
    "sent", ["https://shop.example.com/track?id=1&x=%20#top", "http://a.kr:8080/"]
)
def test_a_link_is_an_absolute_web_address(sent: str) -> None:
    assert text.web_address(sent) == sent


@pytest.mark.parametrize(
    "sent",
    [
        "javascript:alert(1)",
        "/track/1",
        "//evil.example.com",
        "ftp://a.example.com",
        "https://",
        "https:///x",
        "https://a b",
        'https://a.kr/"onclick',
        "https://a.kr/\n",
        "https://u:p@a.kr/",
        "https://[::1",
        "data:,",
        "https://a.kr\\@b.kr",
        "https://a.kr/" + "x" * 2000,
        "HTTPS",
    ],
)
def test_other_links_are_refused(sent: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # urlsplit has sentences of its own
        text.web_address(sent)
