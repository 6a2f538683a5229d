"""What may stand in the texts that people and clients send: names, notes, addresses, links, tags.

Each function returns the cleaned value or raises ValueError with a sentence for whoever sent it, so
that DRF serializers and pydantic models share one rule.
"""

import re
import unicodedata
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field

# Cc: controls, NUL, CR and LF (header injection); Cs: lone surrogates, which no database stores;
# Zl, Zp: line and paragraph separators.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# In URLs and in mail, so only what needs no escaping in either; not all dots.
NUMBER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}"
NUMBER = re.compile(NUMBER_PATTERN)
# Orders are found at /api/v1/orders/<number>/, beside these.
RESERVED_NUMBERS = frozenset({"batch"})

LANGUAGE_TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(?:[-_](?P<script>[A-Za-z]{4}))?"
    r"(?:[-_](?P<region>[A-Za-z]{2}|[0-9]{3}))?"
)
COUNTRY = re.compile(r"[A-Z]{2}")
# Two-letter codes of CLDR that are no country: unions, outlying Oceania, pseudo-locales, unknown.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
URL_MAX_LENGTH = 2000
WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|-]+")


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


def order_number(value: str) -> str:
    """Return the order's number: letters, digits and `. _ ~ -`, at most 64."""
    if NUMBER.fullmatch(value) is None:
        raise ValueError(
            "A number is 1 to 64 ASCII letters, digits and . _ ~ -, a letter or digit first."
        )
    if value in RESERVED_NUMBERS:
        raise ValueError(f"No order can have the number {value}, which is an address of the API.")
    return value


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


def country(value: str) -> str:
    """Return the ISO 3166 two-letter code in capitals."""
    if value.upper() not in _countries():
        raise ValueError(f"{value!r} is not an ISO 3166 two-letter country code.")
    return value.upper()


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


@cache
def _countries() -> frozenset[str]:
    territories = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in territories if COUNTRY.fullmatch(code)) - NO_COUNTRIES


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


# The same rules for pydantic models (the typed `data` of events).
OptionalLine = Annotated[
    Annotated[str, Field(max_length=200), AfterValidator(single_line)] | None,
    BeforeValidator(_none_if_blank),
]
OptionalParagraphs = Annotated[
    Annotated[str, Field(max_length=2000), AfterValidator(paragraphs)] | None,
    BeforeValidator(_none_if_blank),
]
OptionalWebAddress = Annotated[
    Annotated[str, Field(max_length=URL_MAX_LENGTH), AfterValidator(web_address)] | None,
    BeforeValidator(_none_if_blank),
]
