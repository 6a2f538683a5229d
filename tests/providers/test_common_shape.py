"""The quick way of writing a mail says, to whoever reads it, what Django's own classes say."""

import email
import email.policy
from email.message import EmailMessage as Parsed
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.backends import common_shape
from providers.backends.wire import as_wire

MESSAGE_ID = "<0192-test@shop.example.org>"

# What people are called and shops write, and what is there to break it.
LETTERS = st.characters(codec="utf-8")
PLAIN = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
TEXTS = st.one_of(
    st.text(LETTERS, max_size=300),
    st.text(PLAIN, max_size=300),
    st.text(st.sampled_from("a é한😀.=\t\r\n\x0b\x0c\x85\u2028 -_?"), max_size=300),
    st.lists(st.sampled_from(["Your", "order", "SO-1001", "주문", "=?utf-8?q?x?=", ""])).map(
        " ".join
    ),
)
LINES = st.builds(
    lambda text, count, end: (text + end) * count,
    TEXTS,
    st.integers(1, 12),
    st.sampled_from(["", "\n", "\r\n", "\r", " \n", "\n.\n", "\nFrom x\n"]),
)
LOCAL_PARTS = st.one_of(
    st.text("abcXYZ0189.+_-'", min_size=1, max_size=40),
    st.sampled_from(["o'brien", "a..b", ".a", "한글", "a b", '"a b"', "x" * 64]),
)
DOMAINS = st.sampled_from(
    "example.com EXAMPLE.Com xn--bcher-kva.example bücher.example a_b.example a..b -a.example "
    "localhost [127.0.0.1] {}.example {}.com".format("d" * 63, "d" * 64).split()
)
ADDRESSES = st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS)
NAMES = st.one_of(st.text(LETTERS, max_size=80), TEXTS.map(lambda text: text[:120]))
MAILBOXES = st.one_of(
    ADDRESSES,
    st.builds(
        lambda name, address: '"{}" <{}>'.format(
            name.replace("\\", "\\\\").replace('"', '\\"'), address
        ),
        NAMES,
        ADDRESSES,
    ),
    st.builds("{} <{}>".format, NAMES, ADDRESSES),
    st.text(PLAIN, max_size=60),
)
HEADERS = st.dictionaries(
    st.one_of(
        st.sampled_from(["Auto-Submitted", "Content-Language", "List-Unsubscribe", "X-Tag"]),
        st.sampled_from(["Subject", "to", "Date", "Content-Type", "mime-version", "a b", "X:Y"]),
    ),
    st.one_of(TEXTS, st.just("auto-generated")),
    max_size=4,
)


def mail_of(**facts: Any) -> EmailMultiAlternatives:
    html = facts.pop("html")
    headers = {"Message-ID": MESSAGE_ID, **facts.pop("headers", {})}
    mail = EmailMultiAlternatives(headers=headers, **facts)
    mail.attach_alternative(html, "text/html")
    return mail


def said(wire: bytes) -> dict[str, Any]:
    """Return all that a mail program shows or acts on."""
    parsed = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(parsed, Parsed)
    headers = {
        name.lower(): str(value)
        for name, value in parsed.items()
        if name.lower() not in ("content-type", "date", "content-transfer-encoding")
    }
    for name in ("from", "to", "reply-to"):
        if name in parsed:
            found = parsed[name].addresses
            headers[name] = [(one.display_name, one.username, one.domain) for one in found]
    return {
        "type": parsed.get_content_type(),
        "headers": headers,
        "names": sorted(name.lower() for name in parsed),
        "parts": [
            (part.get_content_type(), part.get_content_charset(), part.get_payload(decode=True))
            for part in parsed.iter_parts()
        ],
        "defects": [type(defect) for part in parsed.walk() for defect in part.defects],
    }


def check_equal(mail: EmailMessage) -> bool:
    """Hold the quick way to the usual one; return whether it was taken."""
    quick = common_shape.as_wire(mail)
    if quick is None:
        return False
    usual = said(as_wire(mail))
    found = said(quick)
    usual["names"] = [name for name in usual["names"] if name != "content-transfer-encoding"]
    assert found == usual
    lines = quick.split(b"\r\n")
    assert all(len(line) <= common_shape.LONGEST_LINE for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    head = quick.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    return True


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    subject=TEXTS,
    body=LINES,
    html=LINES,
    from_email=MAILBOXES,
    to=st.lists(MAILBOXES, min_size=1, max_size=2),
    reply_to=st.lists(MAILBOXES, max_size=1),
    headers=HEADERS,
)
def test_whatever_is_written_quickly_reads_as_djangos(**facts: Any) -> None:
    check_equal(mail_of(**facts))


@settings(max_examples=120, deadline=None)
@given(subject=TEXTS)
def test_any_subject(subject: str) -> None:
    check_equal(usual_mail(subject=subject))


@settings(max_examples=120, deadline=None)
@given(body=LINES, html=LINES)
def test_any_text(body: str, html: str) -> None:
    if body:
        assert check_equal(usual_mail(body=body, html=html))


@settings(max_examples=150, deadline=None)
@given(mailbox=MAILBOXES)
def test_any_address(mailbox: str) -> None:
    check_equal(usual_mail(to=[mailbox]))
    check_equal(usual_mail(from_email=mailbox))


@settings(max_examples=80, deadline=None)
@given(headers=HEADERS)
def test_any_further_header(headers: dict[str, str]) -> None:
    check_equal(usual_mail(headers=headers))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"subject": "주문 SO-1001을(를) 받았습니다 — 안녕하세요, 고객님. 주문해 주셔서 감사합니다"},
        {"subject": "Your order SO-1001 " + "with a very long subject line " * 6 + "ends here"},
        {"to": ['"김민지" <minji@example.com>']},
        {"to": ['"Kim, \\"Minji\\"" <minji@example.com>']},
        {"to": ["minji@example.com"]},
        {"from_email": "달잎 가게 <orders@shop.example.org>"},
        {"html": "<p>" + "한" * 2000 + "</p>"},
        {"body": "a" * 998 + "\n" + "b" * 999},
        {"body": "b" * 999 + "\n" + "a" * 998 + "\n"},
        {"body": "a" * 998 + "\n" + "b" * 998 + "\n"},
        {"body": ".\n..\n.dots\n"},
        {"reply_to": ["Help <help@shop.example.org>"]},
    ],
)
def test_the_mail_that_is_sent_every_day_is_written_quickly(facts: dict[str, Any]) -> None:
    assert check_equal(usual_mail(**facts))


@pytest.mark.parametrize(
    "change",
    [
        lambda mail: mail.attach("terms.txt", "…", "text/plain"),
        lambda mail: mail.attach_alternative("BEGIN:VCALENDAR", "text/calendar"),
        lambda mail: setattr(mail, "cc", ["other@example.com"]),
        lambda mail: setattr(mail, "to", ["한글@example.com"]),
        lambda mail: setattr(mail, "to", [f'"{"긴 이름 " * 20}김" <minji@example.com>']),
        lambda mail: setattr(mail, "subject", "two\nlines"),
        lambda mail: setattr(mail, "encoding", "iso-8859-1"),
        lambda mail: mail.extra_headers.update({"X-Two": "a\r\nBcc: all@example.com"}),
        lambda mail: mail.extra_headers.pop("Message-ID"),
        lambda mail: setattr(mail, "alternatives", []),
        lambda mail: setattr(mail, "body", "half a character \ud83d"),
    ],
)
def test_anything_else_is_left_to_django(change: Any) -> None:
    mail = usual_mail()
    change(mail)
    assert common_shape.as_wire(mail) is None


def usual_mail(**changes: Any) -> EmailMultiAlternatives:
    return mail_of(
        **{
            "subject": "Your order SO-1001",
            "body": "Thank you, 민지.\n",
            "html": "<p>Thank you, 민지.</p>\n",
            "from_email": "Shop <shop@example.org>",
            "to": ['"Kim Minji" <minji@example.com>'],
            "headers": {"Auto-Submitted": "auto-generated", "Content-Language": "ko"},
            **changes,
        }
    )
