"""Exact amounts of money: what is one, and with how many decimals in which currency."""

import re
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from babel.core import get_global
from pydantic import BeforeValidator

# ISO 4217's minor units (https://www.six-group.com/en/products-services/financial-information/
# data-standards.html, list one). Babel's digits are not these: CLDR tells how many are customarily
# *shown*, which is none for RSD, ALL or LBP, whose amounts have two.
NO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
EXPONENTS = dict.fromkeys(NO_DECIMALS, 0) | dict.fromkeys(THREE_DECIMALS, 3)
USUAL_EXPONENT = 2

# 18 digits with 4 decimals: what a 64-bit integer holds (see fields.MoneyField).
DECIMAL_PLACES = 4
LIMIT = Decimal(10) ** 14
ZERO = Decimal(0)

# No exponents, signs, separators or other scripts' digits, all of which `Decimal` would read.
READABLE = (str, int, float, Decimal)
CURRENCY_SCHEMA: dict[str, Any] = {"format": "iso-4217", "pattern": "^[A-Za-z]{3}$"}
AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that are legal tender somewhere today.

    That leaves out funds, metals, test and withdrawn codes (XDR, XAU, XTS, XXX, DEM).
    """
    tender = (use for uses in get_global("territory_currencies").values() for use in uses)
    return frozenset(code for code, _start, end, is_tender in tender if is_tender and end is None)


def exponent(currency: str) -> int:
    """Return how many decimals amounts in `currency` have: KRW 0, USD 2, KWD 3."""
    return EXPONENTS.get(currency, USUAL_EXPONENT)


def read_currency(value: str) -> str:
    """Return the currency's code in capitals.

    Raises:
        ValueError: it is nobody's legal tender; the text is for whoever sent it.
    """
    code = value.upper()
    if code not in currencies():
        raise ValueError(f"{value!r} is not the ISO 4217 code of a currency in use.")
    return code


def read_amount(value: Any) -> Decimal:
    """Return the amount that a string such as "12.50", or a JSON number, stands for.

    A float counts as the shortest number that denotes it, so 19.99 is 19.99.

    Raises:
        ValueError: it is no plain, finite amount from zero up; the text is for whoever sent it.
    """
    if type(value) not in READABLE:  # not isinstance: true is an int to it
        raise ValueError('An amount is a string such as "12.50".')
    # str() of a huge integer raises ValueError by itself; no such amount fits anyway.
    if isinstance(value, int) and abs(value) >= LIMIT:
        raise ValueError(f"An amount is less than {LIMIT:f}.")
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if text.startswith("-"):
        raise ValueError("An amount is not negative.")
    if AMOUNT.fullmatch(text) is None:
        raise ValueError('An amount is a plain decimal such as "12.50".')
    amount = Decimal(text)
    if amount >= LIMIT:
        raise ValueError(f"An amount is less than {LIMIT:f}.")
    return amount


Amount = Annotated[
    Decimal,
    BeforeValidator(read_amount, json_schema_input_type=str),
]
"""An amount in a pydantic model, read by `read_amount`."""


def misfit(amount: Decimal, currency: str) -> str | None:
    """Return why `amount` cannot be an amount in `currency`, or None if it can."""
    digits = exponent(currency)
    if amount == amount.quantize(Decimal(1).scaleb(-digits)):
        return None
    if digits == 0:
        return f"Amounts in {currency} have no decimals."
    return f"Amounts in {currency} have at most {digits} decimals."


def exact(amount: Decimal, currency: str) -> Decimal:
    """Return `amount` with just the decimals of `currency`: 12000, 12.50, 1.250."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)))
