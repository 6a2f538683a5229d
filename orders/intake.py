"""An order as it comes in, before it is an order: typed, cleaned, and not yet added up."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """One line to be ordered."""

    name: str
    quantity: int
    unit_price: Decimal
    sku: str = ""


@dataclass(frozen=True, kw_only=True)
class NewAddress:
    """Where to ship, or whom to bill."""

    name: str
    line1: str
    city: str
    country: str
    line2: str | None = None
    region: str | None = None
    postal_code: str = ""
    phone: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return the address as the order keeps it."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """All there is to say about an order that is to be placed.

    Texts must have passed the functions of `orders.text`; amounts are checked when it is placed.

    Attributes:
        number: the shop's own number, or None to have one assigned.
        locale: the language of its mail, or None for `DEFAULT_LOCALE`.
    """

    customer_email: str
    currency: str
    lines: tuple[NewLine, ...]
    customer_name: str = ""
    number: str | None = None
    locale: str | None = None
    shipping: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    shipping_address: NewAddress | None = None
    billing_address: NewAddress | None = None
    url: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
