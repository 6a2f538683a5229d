"""A mail as it goes over the wire and into `.eml` files."""

import os
import re
from email._policybase import Compat32
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message
from io import BytesIO
from typing import Any, Self, cast

from django.core.mail import EmailMessage

from providers.backends import common_shape

_VISIBLE = re.compile(r"[!-~](?: ?[!-~])*")  # ASCII in one line, no blank that folding could move

# What a mail's or an alternative's parts are, with the boundary that `as_wire` gives them.
_OF_PARTS = re.compile(r'(multipart/[a-z]{1,20};) (boundary="=_[0-9a-f]{32}")')
_LINE_END = re.compile(r"\r\n|\r|\n")


def as_wire(message: EmailMessage, *, quick: bool = False) -> bytes:
    """Return the whole mail in RFC 5322's form, its lines ended by CRLF.

    `quick`: mail of the common shape may be written without the email package.
    """
    if quick and (written := common_shape.as_wire(message)) is not None:
        return written
    built = cast("Message[Any, Any]", message.message())
    subject = str(message.subject)
    if not subject.isascii():
        _fold_subject(built, subject)
    for part in built.walk():
        holds_parts = part.is_multipart() and part.get_content_maintype() == "multipart"
        if holds_parts and part.get_boundary() is None:
            # Or the generator looks for one that no part holds: it compiles a pattern, and searches
            # them all with it. There is no need to search for 128 random bits.
            part.set_boundary(f"=_{os.urandom(16).hex()}")
    whole = BytesIO()
    # As Django's `as_bytes` does.
    _Generator(whole, mangle_from_=False, policy=_POLICY).flatten(built)
    return whole.getvalue()


class _Generator(BytesGenerator):
    """The email package's, which writes each line, and each line's end, by itself."""

    def _write_lines(self, lines: str) -> None:
        self.write(self._NL.join(_LINE_END.split(lines)))  # type: ignore[attr-defined]


class _ShortHeaders(Compat32):
    """The policy of Django's messages, which leaves headers alone that need no folding.

    That one passes each through the grammar of encoded words, which is a third of the time that it
    takes to write a mail, and is copied for each part to be given the ends of lines that it has.
    """

    def clone(self, **changes: Any) -> Self:
        """Return it with these changes: itself, if there is nothing to change."""
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self
        return super().clone(**changes)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header's lines."""
        is_short = (
            type(value) is str and len(name) + 2 + len(value) <= common_shape.LONGEST_HEADER_LINE
        )
        if is_short and _VISIBLE.fullmatch(value):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if type(value) is str and (of_parts := _OF_PARTS.fullmatch(value)):
            return f"{name}: {of_parts[1]}{self.linesep} {of_parts[2]}{self.linesep}".encode(
                "ascii"
            )
        return super().fold_binary(name, value)


_POLICY = _ShortHeaders(linesep="\r\n")


def _fold_subject(built: "Message[Any, Any]", subject: str) -> None:
    """Encode the subject so that its first line has room for the header's name.

    Django encodes it without regard to the name, and the whole is then folded right behind it:
    legal, but readers that unfold by the letter show a blank before the subject.
    """
    del built["Subject"]
    # Past Django's own setter, which would encode it anew. It has been checked for newlines above.
    Message.__setitem__(built, "Subject", Header(subject, "utf-8", header_name="Subject"))
