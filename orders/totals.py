"""What an order costs. The server adds up; nobody's totals are believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Protocol

from orders import money
from orders.errors import OrderRefused, Problem

ENOUGH_DIGITS = 60  # quantity times price has 25, a sum over any number of lines a few more


class Priced(Protocol):
    """A line as far as its price goes."""

    @property
    def quantity(self) -> int:
        """How many."""

    @property
    def unit_price(self) -> Decimal:
        """What one costs."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """All amounts of an order, exact, with the decimals of its currency."""

    lines: tuple[Decimal, ...]
    subtotal: Decimal
    shipping: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def add_up(
    *,
    currency: str,
    lines: Sequence[Priced],
    shipping: Decimal = Decimal(0),
    discount: Decimal = Decimal(0),
    tax: Decimal = Decimal(0),
) -> Totals:
    """Return the totals: each line, their subtotal, and subtotal + shipping + tax - discount.

    Raises:
        OrderRefused: amounts do not fit the currency or a money column, or the discount is larger
            than what it is taken from; each problem names its field.
    """
    problems = list(
        _misfits(currency, lines, {"shipping": shipping, "discount": discount, "tax": tax})
    )
    if problems:
        raise OrderRefused(problems)
    with localcontext(prec=ENOUGH_DIGITS):
        of_lines = tuple(line.quantity * line.unit_price for line in lines)
        subtotal = sum(of_lines, Decimal(0))
        owed = subtotal + shipping + tax
        problems = list(_excesses(of_lines, owed=owed, discount=discount))
        if problems:
            raise OrderRefused(problems)
        return Totals(
            lines=tuple(money.exact(amount, currency) for amount in of_lines),
            subtotal=money.exact(subtotal, currency),
            shipping=money.exact(shipping, currency),
            discount=money.exact(discount, currency),
            tax=money.exact(tax, currency),
            total=money.exact(owed - discount, currency),
        )


def _misfits(
    currency: str, lines: Sequence[Priced], others: dict[str, Decimal]
) -> Iterator[Problem]:
    for index, line in enumerate(lines):
        if message := money.misfit(line.unit_price, currency):
            yield Problem(
                path=("lines", index, "unit_price"), message=message, code="wrong_exponent"
            )
    for name, amount in others.items():
        if message := money.misfit(amount, currency):
            yield Problem(path=(name,), message=message, code="wrong_exponent")


def _excesses(
    of_lines: Sequence[Decimal], *, owed: Decimal, discount: Decimal
) -> Iterator[Problem]:
    for index, amount in enumerate(of_lines):
        if amount >= money.LIMIT:
            message = f"Quantity times price is {money.LIMIT:f} or more."
            yield Problem(path=("lines", index, "unit_price"), message=message, code="too_large")
    if owed >= money.LIMIT:
        message = f"The lines, shipping and tax add up to {money.LIMIT:f} or more."
        yield Problem(path=("lines",), message=message, code="too_large")
    if discount > owed:
        message = f"The discount is larger than what it is taken from, {owed:f}."
        yield Problem(path=("discount",), message=message, code="discount_too_large")
