"""Amounts are exact, and fit their currency."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import money
from orders.errors import OrderRefused
from orders.intake import NewLine
from orders.totals import add_up

CURRENCIES = st.sampled_from(sorted(money.currencies()))


@st.composite
def amounts(draw: st.DrawFn, currency: str, *, below: int = 10**8) -> Decimal:
    """Draw an amount that has the decimals of the currency."""
    minor = draw(st.integers(min_value=0, max_value=below))
    return Decimal(minor).scaleb(-money.exponent(currency))


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [
        ("KRW", 0),
        ("JPY", 0),
        ("USD", 2),
        ("EUR", 2),
        ("RSD", 2),
        ("HUF", 2),
        ("KWD", 3),
        ("BHD", 3),
    ],
)
def test_amounts_have_the_decimals_of_iso_4217(currency: str, exponent: int) -> None:
    assert money.exponent(currency) == exponent


@pytest.mark.parametrize("code", ["krw", "KRW", "Usd"])
def test_a_currency_is_known_in_any_case(code: str) -> None:
    assert money.read_currency(code) == code.upper()


@pytest.mark.parametrize(
    "code", ["XXX", "XTS", "XAU", "XDR", "DEM", "CLF", "USN", "ZZZ", "", "KR", "ＫＲＷ", "€"]
)
def test_codes_that_are_nobodys_tender_today_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        money.read_currency(code)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("12.50", "12.50"),
        ("0", "0"),
        (12000, "12000"),
        (19.99, "19.99"),
        (0.1, "0.1"),
        ("007", "7"),
    ],
)
def test_an_amount_is_read_as_it_was_written(sent: Any, meant: str) -> None:
    assert money.read_amount(sent) == Decimal(meant)


@pytest.mark.parametrize(
    "sent",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "sNaN",
        "-1",
        "-0.01",
        "1e3",
        "1E400",
        "1_000",
        "1,50",
        "+1",
        " 1",
        "1 ",
        "",
        ".5",
        "5.",
        "٣",
        "１２",
        "0x10",
        "12.50\n",
        "9" * 15,
        "1" + "0" * 5000,
        10**14,
        10**5000,
        -1,
        -0.5,
        1e300,
        float("nan"),
        float("inf"),
        True,
        False,
        None,
        [],
        {},
        ["1"],
    ],
    ids=lambda sent: str(type(sent)) if isinstance(sent, int) else repr(sent)[:20],
)
def test_what_is_no_plain_finite_amount_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.read_amount(sent)


@given(st.data(), CURRENCIES)
def test_what_has_a_currencys_decimals_fits_it_and_is_shown_with_just_these(
    data: st.DataObject, currency: str
) -> None:
    amount = data.draw(amounts(currency))
    assert money.misfit(amount, currency) is None
    shown = str(money.exact(amount, currency))
    assert Decimal(shown) == amount
    assert len(shown.partition(".")[2]) == money.exponent(currency)


@given(st.data(), CURRENCIES)
def test_one_decimal_more_does_not_fit(data: st.DataObject, currency: str) -> None:
    tail = Decimal(data.draw(st.integers(1, 9))).scaleb(-money.exponent(currency) - 1)
    assert money.misfit(data.draw(amounts(currency)) + tail, currency) is not None


@given(st.data(), CURRENCIES)
def test_totals_add_up_to_the_last_minor_unit(data: st.DataObject, currency: str) -> None:
    lines = [
        NewLine(name="tea", quantity=quantity, unit_price=data.draw(amounts(currency)))
        for quantity in data.draw(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
    ]
    shipping, tax = data.draw(amounts(currency)), data.draw(amounts(currency))
    owed = sum((line.quantity * line.unit_price for line in lines), shipping + tax)
    discount = min(owed, data.draw(amounts(currency)))

    totals = add_up(currency=currency, lines=lines, shipping=shipping, discount=discount, tax=tax)

    assert totals.subtotal == sum(totals.lines) == owed - shipping - tax
    assert totals.total == owed - discount >= 0
    assert -totals.total.as_tuple().exponent == money.exponent(currency)


@given(st.data(), CURRENCIES)
def test_a_discount_above_what_is_owed_is_refused(data: st.DataObject, currency: str) -> None:
    price = data.draw(amounts(currency))
    unit = Decimal(1).scaleb(-money.exponent(currency))
    with pytest.raises(OrderRefused) as refused:
        add_up(
            currency=currency,
            lines=[NewLine(name="tea", quantity=1, unit_price=price)],
            discount=price + unit,
        )
    assert [problem.path for problem in refused.value.problems] == [("discount",)]


def test_every_amount_that_does_not_fit_the_currency_is_named() -> None:
    lines = [
        NewLine(name="good", quantity=1, unit_price=Decimal(1)),
        NewLine(name="bad", quantity=1, unit_price=Decimal("1.5")),
    ]
    with pytest.raises(OrderRefused) as refused:
        add_up(currency="KRW", lines=lines, tax=Decimal("0.1"))
    assert [problem.path for problem in refused.value.problems] == [
        ("lines", 1, "unit_price"),
        ("tax",),
    ]


def test_totals_beyond_what_a_column_holds_are_refused() -> None:
    huge = NewLine(name="gold", quantity=1_000_000, unit_price=Decimal(99999999999999))
    with pytest.raises(OrderRefused) as refused:
        add_up(currency="KRW", lines=[huge])
    assert ("lines", 0, "unit_price") in [problem.path for problem in refused.value.problems]

    half = NewLine(name="gold", quantity=1, unit_price=Decimal(50000000000000))
    with pytest.raises(OrderRefused) as refused:
        add_up(currency="KRW", lines=[half, half])
    assert [problem.path for problem in refused.value.problems] == [("lines",)]
