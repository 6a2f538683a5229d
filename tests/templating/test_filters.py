"""Money, dates, numbers and addresses as readers of each locale write them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from templating.errors import Code
from tests.templating.folders import Templates

MOMENT = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # the 23rd in Seoul
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("locale", "source", "value", "expected"),
    [
        ("en", "money('USD')", Decimal("1234.5"), "$1,234.50"),
        ("en", "money('KRW')", Decimal(27000), "₩27,000"),
        ("ko", "money('KRW')", "27000", "₩27,000"),
        ("ko", "money('USD')", "12.00", "US$12.00"),
        ("en", "money('BHD')", Decimal("1.5"), "BHD\N{NO-BREAK SPACE}1.500"),
        ("en", "money('usd')", Decimal(-3), "-$3.00"),
        # CLDR displays no decimals of these two; they are charged all the same.
        ("en", "money('RSD')", Decimal("12.50"), "RSD\N{NO-BREAK SPACE}12.50"),
        ("en", "money('IQD')", "0.250", "IQD\N{NO-BREAK SPACE}0.250"),
        ("en", "money('EUR')", 0, "€0.00"),
        ("ko", "date", MOMENT, "2026년 11월 23일"),
        ("en", "date", MOMENT, "November 23, 2026"),
        ("en", "date", date(2026, 11, 22), "November 22, 2026"),
        ("en", "date", "2026-11-22", "November 22, 2026"),
        ("en", "date", "2026-11-22T16:30:00Z", "November 23, 2026"),
        ("en", "date('short')", MOMENT, "11/23/26"),
        ("en", "date('EEEE')", MOMENT, "Monday"),
        ("ko", "time", MOMENT, "오전 1:30"),
        ("en", "time", MOMENT, f"1:30{NARROW}AM"),
        ("en", "time", time(13, 5), f"1:05{NARROW}PM"),
        ("en", "datetime", MOMENT, f"November 23, 2026, 1:30{NARROW}AM"),
        ("ko", "datetime", MOMENT, "2026년 11월 23일 오전 1:30"),
        ("en", "datetime('short')", MOMENT, f"11/23/26, 1:30{NARROW}AM"),
        ("en", "quantity", 12345, "12,345"),
        ("en", "quantity", Decimal("1.2500"), "1.25"),
        ("ko", "quantity", "3", "3"),
        ("en", "percent", Decimal("0.125"), "12.5%"),
        ("ko", "percent", "0.1", "10%"),
    ],
)
def test_a_value_is_written_as_its_readers_do(
    templates: Templates, locale: str, source: str, value: Any, expected: str
) -> None:
    templates.write_mail(locale=locale, text=f"{{{{ value | {source} }}}}")

    assert templates.render({"value": value}, locale=locale).text == f"{expected}\n"


@pytest.mark.parametrize(
    "source",
    [
        "none | money('KRW')",
        "true | money('KRW')",
        "'x' | money('KRW')",
        "1 | money('')",
        "1 | money('WONS')",
        "1 | money(none)",
        "'1e999999' | money('KRW')",
        "'NaN' | money('KRW')",
        "'Infinity' | quantity",
        "'1e-999999' | percent",
        "none | date",
        "5 | date",
        "'yesterday' | date",
        "'2026-11-22' | date('y' * 61)",
        "'2026-11-22' | date(5)",
        "'2026-11-22' | datetime",
        "'2026-11-22' | time",
        "none | address_lines",
        "'x' | address_lines",
    ],
)
def test_a_value_that_cannot_be_written_is_an_error(templates: Templates, source: str) -> None:
    error = templates.failure(f"{{{{ {source} }}}}")

    assert error.code is Code.ERROR
    assert error.line == 1


SEOUL = {
    "name": "김민지",
    "line1": "테헤란로 152",
    "line2": "3층",
    "city": "강남구",
    "region": "서울특별시",
    "postal_code": "06236",
    "country": "KR",
}
AUSTIN = {
    "name": "Sam Lee",
    "line1": "1 Congress Ave",
    "line2": None,
    "city": "Austin",
    "region": "TX",
    "postal_code": "78701",
    "country": "US",
}
BERLIN = {
    "name": "Eva",
    "line1": "Torstr. 1",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "DE",
}


@pytest.mark.parametrize(
    ("locale", "address", "expected"),
    [
        ("ko", SEOUL, ["(06236) 서울특별시 강남구 테헤란로 152", "3층", "김민지"]),
        ("en", SEOUL, ["김민지", "테헤란로 152", "3층", "강남구, 서울특별시 06236", "South Korea"]),
        ("en", AUSTIN, ["Sam Lee", "1 Congress Ave", "Austin, TX 78701", "United States"]),
        ("ko", AUSTIN, ["Sam Lee", "1 Congress Ave", "Austin, TX 78701", "미국"]),
        ("en", BERLIN, ["Eva", "Torstr. 1", "10119 Berlin", "Germany"]),
        (
            "en",
            {**BERLIN, "country": "GB"},
            ["Eva", "Torstr. 1", "Berlin", "10119", "United Kingdom"],
        ),
        (
            "en",
            {**AUSTIN, "region": ""},
            ["Sam Lee", "1 Congress Ave", "Austin, 78701", "United States"],
        ),
        (
            "en",
            {**AUSTIN, "postal_code": ""},
            ["Sam Lee", "1 Congress Ave", "Austin, TX", "United States"],
        ),
        (
            "en",
            {**AUSTIN, "country": "BR"},
            ["Sam Lee", "1 Congress Ave", "Austin - TX", "78701", "Brazil"],
        ),
        ("en", {**BERLIN, "country": "BR"}, ["Eva", "Torstr. 1", "Berlin", "10119", "Brazil"]),
        ("en", {"name": "A\r\nB", "country": "ZZ9"}, ["A B", "ZZ9"]),
        ("en", {}, []),
    ],
)
def test_an_address_has_its_countrys_order(
    templates: Templates, locale: str, address: dict[str, Any], expected: list[str]
) -> None:
    source = "{% for line in address | address_lines %}{{ line }}\n{% endfor %}"
    templates.write_mail(locale=locale, text=source)

    text = templates.render({"address": address}, locale=locale).text

    assert text.splitlines() == (expected or [""])
