"""The column that money is kept in."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

from orders.money import DECIMAL_PLACES, LIMIT

if TYPE_CHECKING:
    BigInteger = models.BigIntegerField[Decimal | int, Decimal]
else:
    BigInteger = models.BigIntegerField


class MoneyField(BigInteger):
    """An exact amount: a Decimal in Python, a whole number of ten-thousandths in the database.

    SQLite has no decimals: Django's DecimalField is a float there, exact to 15 digits only, in
    which 0.1 + 0.2 is not 0.3. Integers are exact in both databases, in sums and check
    constraints too. Ten-thousandths hold every currency's minor unit.
    """

    description = "An exact amount of money"

    def get_prep_value(self, value: Any) -> Any:
        """Return the whole number to store.

        Raises:
            TypeError: the amount is a float.
            ValueError: it is not finite, too large or too finely divided.
        """
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if not isinstance(value, Decimal | int):
            raise TypeError(f"{value!r} is no exact amount.")
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) >= LIMIT:
            raise ValueError(f"{value!r} does not fit a money column.")
        units = amount.scaleb(DECIMAL_PLACES)
        if units != units.to_integral_value():
            raise ValueError(f"{value!r} has more than {DECIMAL_PLACES} decimals.")
        return int(units)

    def from_db_value(self, value: int | None, *_: object) -> Decimal | None:
        """Return the stored amount."""
        return None if value is None else Decimal(value).scaleb(-DECIMAL_PLACES)

    def to_python(self, value: Any) -> Any:
        """Return the amount that a serialized fixture holds."""
        return value if value is None else Decimal(value)
