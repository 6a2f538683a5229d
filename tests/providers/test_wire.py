"""A mail's bytes read back as what was meant."""

import email
import email.policy
from email.message import Message
from typing import Any

from django.core.mail import BadHeaderError, EmailMultiAlternatives
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from providers.backends.wire import as_wire

SUBJECTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=200
)


@given(words=st.lists(SUBJECTS, min_size=1, max_size=6))
def test_a_subject_of_any_script_and_length_comes_back_whole(words: list[str]) -> None:
    subject = " ".join(words)
    mail = EmailMultiAlternatives(subject, "Hello", "shop@example.com", ["minji@example.com"])
    wire = as_wire(mail)
    assert email.message_from_bytes(wire, policy=email.policy.default)["Subject"] == subject
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    assert b"\r\nSubject: \r\n" not in wire


VALUES = st.one_of(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=120),
    st.text(st.sampled_from('a =?_-;,.\t"<>@\x1f\x7fé한'), max_size=100),
    st.sampled_from(
        ["x" * 61, "x" * 62, "x" * 66, "x" * 67, "a " * 40, "=?utf-8?q?x?=", " a", "a "]
    ),
)
BODIES = st.lists(
    st.sampled_from(["", "From x", ".", "--", "--=_", "Hello", "한글", "y" * 1200, "\ud800", "\r"])
).map("\n".join)


@settings(deadline=None)
@given(
    subject=VALUES.filter(str.isascii),
    header=VALUES,
    name=st.sampled_from(["X-A", "List-Unsubscribe", "X-" + "Long" * 8]),
    text=BODIES,
    html=st.none() | BODIES,
    attached=st.lists(st.sampled_from(["text", "bytes", "mail"]), max_size=2),
)
def test_it_is_what_django_writes_to_the_letter(
    *, subject: str, header: str, name: str, text: str, html: str | None, attached: list[str]
) -> None:
    mail = EmailMultiAlternatives(
        subject,
        text,
        "Shop <shop@example.com>",
        ["민지 <minji@example.com>"],
        headers={name: header, "Date": "Sun, 29 Nov 2026 20:00:00 -0000", "Message-ID": "<a@b>"},
    )
    if html is not None:
        mail.attach_alternative(html, "text/html")
    for kind in attached:
        content: Any = {"text": "Hi\n.\n", "bytes": bytes(range(256)), "mail": _inner()}[kind]
        mimetype = {"text": "text/plain", "bytes": "image/png", "mail": "message/rfc822"}[kind]
        mail.attach(f"{kind}.x", content, mimetype)
    try:
        built: Any = mail.message()
    except (BadHeaderError, UnicodeEncodeError):
        assume(False)
    try:
        wire = as_wire(mail)
    except UnicodeEncodeError:  # a lone surrogate; what Django does about it is Django's
        return
    ours = [part.get_boundary() for part in _multiparts(email.message_from_bytes(wire))]
    for part, boundary in zip(_multiparts(built), ours, strict=True):
        part.set_boundary(str(boundary))
    assert wire == built.as_bytes(linesep="\r\n")


def test_an_attached_mail_of_parts_that_it_has_not_is_left_as_it_came() -> None:
    odd = "Content-Type: multipart/mixed\nSubject: Odd\n\nNo parts at all\n"
    mail = EmailMultiAlternatives("Hi", "Hello", "a@example.com", ["b@example.com"])
    mail.attach("odd.eml", odd, "message/rfc822")
    assert b"\r\n\r\nContent-Type: multipart/mixed\r\nSubject: Odd\r\n\r\n" in as_wire(mail)


def _inner() -> EmailMultiAlternatives:
    inner = EmailMultiAlternatives(
        "Inner",
        "One",
        "a@example.com",
        ["b@example.com"],
        headers={"Date": "Sun, 29 Nov 2026 20:00:00 -0000", "Message-ID": "<c@d>"},
    )
    inner.attach_alternative("<p>One</p>", "text/html")
    return inner


def _multiparts(message: "Message[Any, Any]") -> "list[Message[Any, Any]]":
    return [part for part in message.walk() if part.get_content_maintype() == "multipart"]
