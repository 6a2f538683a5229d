"""Money, dates and numbers, written as people who read the rendering's locale write them."""

import re
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from django.conf import settings
from jinja2.runtime import Undefined

from templating.budget import tick
from templating.errors import BadValue
from templating.locales import formatting_locale

STYLES = frozenset({"short", "medium", "long", "full"})
LONGEST_PATTERN = 60
LARGEST_EXPONENT = 30
MOST_DECIMALS = 4  # of any currency in ISO 4217
# Locales want a space here ("CHF 12"), which Babel leaves out (CLDR's currencySpacing).
LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def money(value: Any, currency: Any) -> str:
    """Return an amount with its currency: `{{ order.total | money(order.currency) }}`."""
    tick()
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isalpha():
        raise BadValue("money needs a currency of three letters, such as 'EUR'")
    return written_money(_decimal(value, of="money"), currency.upper(), formatting_locale())


def written_money(amount: Decimal, currency: str, locale: str) -> str:
    """Return an amount as the locale (Babel's name) writes it.

    It shows the decimals that it has, and at least those that CLDR displays: CLDR leaves out those
    of RSD, IQD and some others, which are charged all the same.
    """
    exponent = amount.as_tuple().exponent
    decimals = min(-exponent, MOST_DECIMALS) if isinstance(exponent, int) else 0
    return _money(amount, currency, locale, max(decimals, numbers.get_currency_precision(currency)))


# Formatting takes Babel about 20 µs. HTML and text show the same values, and so do a shop's mails.
@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str, locale: str, decimals: int) -> str:
    pattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    text = pattern.apply(amount, locale, currency=currency, currency_digits=False)
    return LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", text)


def quantity(value: Any) -> str:
    """Return a number with the locale's separators: 1,234.5."""
    tick()
    return _quantity(_decimal(value, of="quantity"), formatting_locale())


@lru_cache(maxsize=4096)
def _quantity(amount: Decimal, locale: str) -> str:
    return numbers.format_decimal(amount, locale=locale, decimal_quantization=False)


def percent(value: Any) -> str:
    """Return a fraction as a percentage: 0.125 is 12.5%."""
    tick()
    return _percent(_decimal(value, of="percent"), formatting_locale())


@lru_cache(maxsize=4096)
def _percent(fraction: Decimal, locale: str) -> str:
    return numbers.format_percent(fraction, locale=locale, decimal_quantization=False)


def date_(value: Any, style: str = "long") -> str:
    """Return the day: "November 22, 2026". `style` is short, medium, long, full or a pattern."""
    tick()
    moment = _moment(value, of="date")
    day = moment.date() if isinstance(moment, datetime) else moment
    if isinstance(day, time):
        raise BadValue("date needs a day, not a time")
    return _date(day, _style(style), formatting_locale())


@lru_cache(maxsize=4096)
def _date(day: date, style: Any, locale: str) -> str:
    return dates.format_date(day, format=style, locale=locale)


def datetime_(value: Any, style: str = "long") -> str:
    """Return the day and the time of day, in the shop's time zone.

    `long` and `full` write the day out, and the time to the minute, without the zone's name.
    """
    tick()
    moment = _moment(value, of="datetime")
    if not isinstance(moment, datetime):
        raise BadValue("datetime needs a day and a time")
    locale = formatting_locale()
    if style not in STYLES:
        return dates.format_datetime(moment, format=_style(style), locale=locale)
    day = _date(moment.date(), _style(style), locale)
    clock = _clock(moment, "short", locale)
    pattern = str(dates.get_datetime_format(_style(style), locale=locale))
    return pattern.replace("'", "").replace("{0}", clock).replace("{1}", day)


def time_(value: Any, style: str = "short") -> str:
    """Return the time of day, in the shop's time zone."""
    tick()
    moment = _moment(value, of="time")
    if isinstance(moment, date) and not isinstance(moment, datetime):
        raise BadValue("time needs a time, not a day")
    return _clock(moment, _style(style), formatting_locale())


def _clock(moment: Any, style: str, locale: str) -> str:
    # CLDR's short Korean time says "AM 9:26", which no Korean shop would write: 오전 9:26.
    if style == "short" and locale.partition("_")[0] == "ko":
        style = "aaaa h:mm"
    return dates.format_time(moment, format=style, locale=locale)


def _decimal(value: Any, *, of: str) -> Decimal:
    """Return the number as a decimal of sane size; contexts without a contract hold texts."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BadValue(f"{of} needs a number, not {_kind(value)}")
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise BadValue(f"{of} needs a number, not any other text") from None
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > LARGEST_EXPONENT or len(digits) > 60:
        raise BadValue(f"{of} needs a number of ordinary size")
    return amount


def _moment(value: Any, *, of: str) -> date | time:
    """Return a day or time, moved to the shop's time zone where it has one of its own."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, str):
        value = _parsed(value, of=of)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(shop_zone())
    if isinstance(value, date | time):
        return value
    raise BadValue(f"{of} needs a date or time, not {_kind(value)}")


def _parsed(value: str, *, of: str) -> date | datetime:
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        raise BadValue(f"{of} needs an ISO 8601 date or time, not any other text") from None


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _style(style: Any) -> Any:
    if not isinstance(style, str) or len(style) > LONGEST_PATTERN:
        raise BadValue(f"a date's style is one of {', '.join(sorted(STYLES))}, or a short pattern")
    return style


def shop_zone() -> tzinfo:
    """Return the time zone in which mails show times."""
    return ZoneInfo(settings.TIME_ZONE)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "date": date_,
    "datetime": datetime_,
    "money": money,
    "percent": percent,
    "quantity": quantity,
    "time": time_,
}
