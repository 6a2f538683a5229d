"""Writes the mail that we nearly always send (a text, an HTML version, usual headers) in 20 µs.

The email package builds a tree of messages for it, folds each header by its grammar and walks the
tree: 400 to 1,200 µs. Here the same mail is put together from its parts. Whatever is not plainly
of this shape is left to Django's classes: `as_wire` returns None. A property test
(`tests/providers/test_common_shape.py`) holds both to the same mail, as parsers read them.
"""

import os
import re
import time
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

LONGEST_LINE = 998  # bytes of a line of the body (RFC 5322, 2.1.1)
LONGEST_HEADER_LINE = 76
LONGEST_WORD = 75  # characters of an encoded word (RFC 2047, 2)
_WORD = "=?utf-8?b?{}?="
_ROOM = LONGEST_WORD - len(_WORD.format(""))

_LINE_END = re.compile(rb"\r\n?")
_VISIBLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # ASCII, on one line, no blank at either end
_NAME = re.compile(r"[!-9;-~]+")  # of a header
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_BARE = re.compile(_ADDRESS)
_NAMED = re.compile(rf'"((?:[^"\\]|\\["\\])*)" <({_ADDRESS})>')
_LETTERS = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+"
_PHRASE = re.compile(rf"({_LETTERS}(?: {_LETTERS})*) <({_ADDRESS})>")  # needs no quotes
_ESCAPED = re.compile(r'\\(["\\])')
# Set by Django itself, or saying something of the body's form. No common mail brings them along.
_RESERVED = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "sender",
        "subject",
        "date",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
    ]
)


class _Unusual(Exception):
    """The mail has something that is left to Django."""


def as_wire(message: EmailMessage) -> bytes | None:
    """Return the whole mail, its lines ended by CRLF, or None if it is not of the common shape."""
    try:
        return _written(message)
    except (_Unusual, UnicodeEncodeError):
        return None


def _written(message: EmailMessage) -> bytes:
    html = _html_of(message)
    boundary = f"=_{os.urandom(16).hex()}"
    headers = (
        f"MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
        f"Subject: {_subject(str(message.subject))}\r\n"
        f"From: {_kept_address('From', str(message.from_email))}\r\n"
        f"To: {_only_address('To', message.to)}\r\n"
        f"{_reply_to(message.reply_to)}"
        f"Date: {_date(int(time.time()), settings.EMAIL_USE_LOCALTIME)}\r\n"
        f"{''.join(_further(message))}"
        f"\r\n"
    ).encode("ascii")
    line = f"--{boundary}".encode("ascii")
    return b"".join(
        (
            headers,
            line,
            _part("plain", str(message.body)),
            b"\r\n",
            line,
            _part("html", html),
            b"\r\n",
            line,
            b"--\r\n",
        )
    )


def _html_of(message: EmailMessage) -> str:
    if type(message) is not EmailMultiAlternatives:
        raise _Unusual
    plain = (
        len(message.alternatives) == 1
        and bool(message.body)
        and not message.attachments
        and not message.cc
        and message.content_subtype == "plain"
        and (message.encoding or settings.DEFAULT_CHARSET) == "utf-8"
    )
    if not plain:
        raise _Unusual
    content, kind = message.alternatives[0]
    if kind != "text/html" or not isinstance(content, str):
        raise _Unusual
    return content


def _part(subtype: str, text: str) -> bytes:
    """Return one part with its headers, from the end of the boundary's line on."""
    data = text.encode("utf-8")
    if b"\r" in data:
        data = _LINE_END.sub(b"\n", data)
    if _has_long_line(data):
        encoding = "quoted-printable"
        data = b2a_qp(data, istext=True)
    else:
        encoding = "7bit" if data.isascii() else "8bit"
    head = (
        f'\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + data.replace(b"\n", b"\r\n")


def _has_long_line(data: bytes) -> bool:
    """Return whether a line is longer than it may be, looking at few of them."""
    begin = 0  # of a line
    while len(data) - begin > LONGEST_LINE:
        end = data.rfind(b"\n", begin, begin + LONGEST_LINE + 1)
        if end < 0:
            return True
        begin = end + 1
    return False


def _further(message: EmailMessage) -> Iterator[str]:
    named = set()
    for name, value in message.extra_headers.items():
        lower = name.lower()
        if lower in _RESERVED or lower in named or not _NAME.fullmatch(name):
            raise _Unusual
        named.add(lower)
        yield f"{name}: {_verbatim(name, value)}\r\n"
    if "message-id" not in named:
        raise _Unusual


def _verbatim(name: str, value: object) -> str:
    if not isinstance(value, str) or not _VISIBLE.fullmatch(value):
        raise _Unusual
    if len(name) + 2 + len(value) > LONGEST_HEADER_LINE:
        raise _Unusual
    return value


def _subject(subject: str) -> str:
    if not subject.isascii():
        if not subject.isprintable() or subject != subject.strip():
            raise _Unusual
        return _encoded(subject, used=len("Subject: "))
    if len(subject) + len("Subject: ") <= LONGEST_HEADER_LINE:
        return _verbatim("Subject", subject)
    return _folded(subject)


def _folded(subject: str) -> str:
    """Return a long subject in lines; each break is before a blank that stays."""
    words = subject.split(" ")
    if not _VISIBLE.fullmatch(subject) or "" in words:
        raise _Unusual
    lines, length = [words[0]], len("Subject: ") + len(words[0])
    for word in words[1:]:
        length += 1 + len(word)
        if length > LONGEST_HEADER_LINE:
            lines.append(f" {word}")
            length = len(word) + 1
        else:
            lines[-1] += f" {word}"
        if length > LONGEST_HEADER_LINE:
            raise _Unusual
    return "\r\n".join(lines)


def _encoded(text: str, *, used: int) -> str:
    """Return text as encoded words, of which the first stands behind `used` characters."""
    words: list[str] = []
    piece, size = "", 0
    room = min(LONGEST_HEADER_LINE - used - len(_WORD.format("")), _ROOM) // 4 * 3
    for character in text:
        width = len(character.encode("utf-8"))
        if size + width > room:  # a character must not be cut in two (RFC 2047, 5)
            words.append(piece)
            piece, size, room = "", 0, _ROOM // 4 * 3
        piece += character
        size += width
    words.append(piece)
    return "\r\n ".join(
        _WORD.format(b64encode(word.encode("utf-8")).decode("ascii")) for word in words
    )


def _only_address(name: str, addresses: Sequence[str]) -> str:
    if len(addresses) != 1:
        raise _Unusual
    return _address(name, str(addresses[0]))


def _reply_to(addresses: Sequence[str]) -> str:
    if not addresses:
        return ""
    if len(addresses) != 1:
        raise _Unusual
    return f"Reply-To: {_kept_address('Reply-To', str(addresses[0]))}\r\n"


def _address(header: str, text: str) -> str:
    if _BARE.fullmatch(text):
        return _verbatim(header, text)
    if match := _NAMED.fullmatch(text):
        name, address = _ESCAPED.sub(r"\1", match[1]), match[2]
    elif match := _PHRASE.fullmatch(text):
        name, address = match[1], match[2]
    else:
        raise _Unusual
    if name.isascii():
        if "=?" in name or not _VISIBLE.fullmatch(name):
            raise _Unusual
        return _verbatim(header, text)
    if not name.isprintable() or name != " ".join(name.split()):
        raise _Unusual
    encoded = _encoded(name, used=len(header) + 2)
    if "\r\n" in encoded or len(address) + 3 > LONGEST_HEADER_LINE:
        # Of a name in several words, parsers make now one blank too many and now one too few.
        raise _Unusual
    return f"{encoded}\r\n <{address}>"


@lru_cache(maxsize=256)
def _kept_address(header: str, text: str) -> str:
    """Return what `_address` does; senders are few."""
    return _address(header, text)


@lru_cache(maxsize=4)
def _date(second: int, localtime: bool) -> str:  # noqa: FBT001  a key of the cache
    return formatdate(second, localtime=localtime)
