"""What may stand in an order's number, and in the texts that its events' data holds.

The rules for texts in general are `access.text`'s.
"""

import re
from functools import cache
from typing import Annotated, Any

from babel import Locale
from pydantic import AfterValidator, BeforeValidator, Field

from access.text import (
    LINE,
    PARAGRAPHS,
    URL,
    URL_MAX_LENGTH,
    paragraphs,
    single_line,
    web_address,
)

# In URLs and in mail, so only what needs no escaping in either; not all dots.
NUMBER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}"
NUMBER = re.compile(NUMBER_PATTERN)
# Orders are found at /api/v1/orders/<number>/, beside these.
RESERVED_NUMBERS = frozenset({"batch"})

NUMBER_SCHEMA: dict[str, Any] = {
    # RESERVED_NUMBERS are addresses of their own.
    "pattern": f"^(?!({'|'.join(sorted(RESERVED_NUMBERS))})$){NUMBER_PATTERN}$"
}

COUNTRY = re.compile(r"[A-Z]{2}")
# Two-letter codes of CLDR that are no country: unions, outlying Oceania, pseudo-locales, unknown.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
COUNTRY_SCHEMA: dict[str, Any] = {"format": "iso-3166-1", "pattern": "^[A-Za-z]{2}$"}


def order_number(value: str) -> str:
    """Return the order's number: letters, digits and `. _ ~ -`, at most 64."""
    if NUMBER.fullmatch(value) is None:
        raise ValueError(
            "A number is 1 to 64 ASCII letters, digits and . _ ~ -, a letter or digit first."
        )
    if value in RESERVED_NUMBERS:
        raise ValueError(f"No order can have the number {value}, which is an address of the API.")
    return value


def country(value: str) -> str:
    """Return the ISO 3166 two-letter code in capitals."""
    if value.upper() not in _countries():
        raise ValueError(f"{value!r} is not an ISO 3166 two-letter country code.")
    return value.upper()


@cache
def _countries() -> frozenset[str]:
    territories = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in territories if COUNTRY.fullmatch(code)) - NO_COUNTRIES


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


# The same rules for pydantic models (the typed `data` of events).
_Line = Annotated[str, Field(max_length=200, json_schema_extra=LINE), AfterValidator(single_line)]
_Paragraphs = Annotated[
    str, Field(max_length=2000, json_schema_extra=PARAGRAPHS), AfterValidator(paragraphs)
]
_WebAddress = Annotated[
    str, Field(max_length=URL_MAX_LENGTH, json_schema_extra=URL), AfterValidator(web_address)
]
OptionalLine = Annotated[_Line | None, BeforeValidator(_none_if_blank)]
OptionalParagraphs = Annotated[_Paragraphs | None, BeforeValidator(_none_if_blank)]
OptionalWebAddress = Annotated[_WebAddress | None, BeforeValidator(_none_if_blank)]
