"""What may stand in the texts that people and clients send: names, notes, addresses, links, tags.

Each function returns the cleaned value or raises ValueError with a sentence for whoever sent it, so
that DRF serializers and pydantic models share one rule. Beside each stands what the published
schema says of it.
"""

import re
import unicodedata
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email

Schema = dict[str, Any]

# Cc: controls, NUL, CR and LF (header injection); Cs: lone surrogates, which no database stores;
# Zl, Zp: line and paragraph separators.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# The same in a schema. Surrogates are left out: JSON in UTF-8 has none.
_LINE = r"[^\u0000-\u001F\u007F-\u009F\u2028\u2029]"
_VISIBLE = r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]"
LINE: Schema = {"pattern": f"^{_LINE}*$"}
PARAGRAPHS: Schema = {
    "pattern": r"^[^\u0000-\u0009\u000B\u000C\u000E-\u001F\u007F-\u009F\u2028\u2029]*$"
}
NONBLANK_LINE: Schema = {"pattern": f"^{_LINE}*{_VISIBLE}{_LINE}*$"}

LANGUAGE_TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(?:[-_](?P<script>[A-Za-z]{4}))?"
    r"(?:[-_](?P<region>[A-Za-z]{2}|[0-9]{3}))?"
)
LOCALE: Schema = {
    "format": "bcp-47",
    "pattern": r"^[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?$",
}
URL_MAX_LENGTH = 2000
WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|-]+")
URL: Schema = {
    "pattern": r"^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"
    r"([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|-]*)?$"
}
EMAIL: Schema = {"format": "email"}


def single_line(value: str) -> str:
    """Return the text without surrounding blanks; refuse line breaks and control characters."""
    for character in value:
        if unicodedata.category(character) in REFUSED_CATEGORIES:
            raise ValueError(
                f"U+{ord(character):04X} is not allowed: one line, no control characters."
            )
    return value.strip()


def paragraphs(value: str) -> str:
    """Return the text without surrounding blanks; refuse control characters but line breaks."""
    return "\n".join(single_line(line) for line in re.split(r"\r\n|\n|\r", value)).strip()


def email_address(value: str) -> str:
    """Return the address with its domain in lower case; syntax only, nothing is looked up.

    Domains may be international. What stands before the @ may not: of the mail services that carry
    our mail nearly none accepts it, and rewriting it would mail somebody else.
    """
    try:
        checked = validate_email(
            value, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValueError(f"This is no email address that mail can be sent to. {error}") from error
    return checked.normalized


def web_address(value: str) -> str:
    """Return an absolute http or https address, in ASCII and without blanks or credentials."""
    refusal = "A link is an absolute http:// or https:// address in ASCII, without blanks."
    if len(value) > URL_MAX_LENGTH or WEB_ADDRESS.fullmatch(value) is None:
        raise ValueError(refusal)
    parts = urlsplit(value)  # raises ValueError for an unclosed [
    if not parts.hostname or parts.username is not None:
        raise ValueError(refusal)
    return value


def locale(value: str) -> str:
    """Return the BCP 47 tag in its usual spelling, without the parts nobody has data for.

    `ko_KR` becomes `ko-KR`; `en-KR` becomes `en`: browsers send it, and it asks for English.
    """
    match = LANGUAGE_TAG.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a BCP 47 language tag such as ko or pt-BR.")
    script, region = (match["script"] or "").title(), (match["region"] or "").upper()
    for kept in ([script, region], [script], []):
        further = [part for part in kept if part]
        found = _known_locale("-".join([match["language"], *further]))
        if found is not None:
            return "-".join([found.language, *further])
    raise ValueError(f"{value!r} names no language that is known here.")


@cache
def _known_locale(tag: str) -> Locale | None:
    if tag.lower().startswith("und"):
        return None
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
