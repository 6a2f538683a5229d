"""Postal addresses as lines, in the order that is usual where they are.

The orders follow the Universal Postal Union's addressing guides. Only differences that a reader
would stumble over are kept; every other country writes its postal code before its city.
"""

from collections.abc import Mapping
from typing import Any

from babel import Locale
from jinja2.runtime import Undefined

from templating.budget import tick
from templating.errors import BadValue
from templating.locales import formatting_locale

# "{city}, {region} {postal_code}": the line that holds the city, by country.
CITY_REGION_CODE = "{city}, {region} {postal_code}"
CITY_LINES: Mapping[str, str] = {
    **dict.fromkeys(("US", "CA", "KR", "JP", "CN", "TW", "IN", "TH", "MX"), CITY_REGION_CODE),
    **dict.fromkeys(("AU", "NZ", "SG"), "{city} {region} {postal_code}"),
    **dict.fromkeys(("GB", "IE", "HK", "ZA"), "{city}\n{region}\n{postal_code}"),
    "IT": "{postal_code} {city} {region}",
    "BR": "{city} - {region}\n{postal_code}",
}
OTHER_CITY_LINE = "{postal_code} {city}\n{region}"

# Where the language writes from the large to the small, for readers of that language.
LARGE_TO_SMALL: Mapping[str, str] = {"KR": "ko", "JP": "ja", "CN": "zh", "TW": "zh"}


def address_lines(value: Any) -> list[str]:
    """Return the lines of an address mapping: name, street, city, …, country.

    Fields that are missing or empty leave no gap. The country is written out, except in addresses
    that are written in the country's own order, whose readers live there.
    """
    tick()
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, Mapping):
        raise BadValue(f"address_lines needs an address, not a {type(value).__name__}")
    fields = {name: _field(value, name) for name in FIELDS}
    locale = Locale.parse(formatting_locale())
    if LARGE_TO_SMALL.get(fields["country"]) == locale.language:
        return _large_to_small(fields)
    return _small_to_large(fields, locale)


FIELDS = ("name", "line1", "line2", "city", "region", "postal_code", "country")


def _field(address: Mapping[str, Any], name: str) -> str:
    text = address.get(name)
    return " ".join(text.split()) if isinstance(text, str) else ""


def _large_to_small(fields: Mapping[str, str]) -> list[str]:
    """한국: (06236) 서울특별시 강남구 테헤란로 1 / 101호 / 김민지."""
    area = [fields["region"], fields["city"], fields["line1"]]
    # "서울특별시" is region and city at once; one field of the two may repeat the other.
    if fields["region"] and fields["city"].startswith(fields["region"]):
        area = area[1:]
    code = f"({fields['postal_code']})" if fields["postal_code"] else ""
    street = " ".join(part for part in (code, *area) if part)
    return [line for line in (street, fields["line2"], fields["name"]) if line]


def _small_to_large(fields: Mapping[str, str], locale: Locale) -> list[str]:
    pattern = CITY_LINES.get(fields["country"], OTHER_CITY_LINE)
    city = [_tidied(line.format(**fields)) for line in pattern.split("\n")]
    country = locale.territories.get(fields["country"], fields["country"])
    lines = [fields["name"], fields["line1"], fields["line2"], *city, country]
    return [line for line in lines if line]


def _tidied(line: str) -> str:
    """Return a line without what the missing fields left behind: "Austin,  73301", " - SP"."""
    return (
        " ".join(line.replace(" - ", " \x00 ").split())
        .replace(" ,", ",")
        .strip(", \x00")
        .replace("\x00", "-")
    )


FILTERS = {"address_lines": address_lines}
