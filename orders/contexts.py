"""What the emails about an order are written with: the typed context all order events share."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orders.models import Order, OrderLine
from templating.contracts import Context


class Part(BaseModel):
    """A part of a context: immutable, and without fields that are not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(Part):
    """One line of the order."""

    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    total: Decimal


class Address(Part):
    """Where something goes; the `address_lines` filter puts it in its country's order."""

    name: str
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str = ""
    country: str
    phone: str | None = None


class OrderDetails(Part):
    """The order as it was placed; amounts have the decimals of its currency."""

    number: str
    placed_at: datetime
    currency: str
    locale: str
    items: list[Item]
    subtotal: Decimal
    shipping: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    shipping_address: Address | None = None
    billing_address: Address | None = None
    url: str | None = None


class Customer(Part):
    """Who ordered; the name may be empty."""

    name: str
    email: str


class OrderContext(Context):
    """What every email about an order can use; events add their own part."""

    order: OrderDetails
    customer: Customer
    role: Literal["customer", "shop"] = "customer"


def order_details(order: Order, lines: Iterable[OrderLine]) -> OrderDetails:
    """Return the order as its emails see it, at this moment."""
    return OrderDetails(
        number=order.number,
        placed_at=order.created_at,
        currency=order.currency,
        locale=order.locale,
        items=[
            Item(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit_price=order.exact(line.unit_price),
                total=order.exact(line.total),
            )
            for line in lines
        ],
        subtotal=order.exact(order.subtotal),
        shipping=order.exact(order.shipping),
        discount=order.exact(order.discount),
        tax=order.exact(order.tax),
        total=order.exact(order.total),
        shipping_address=_address(order.shipping_address),
        billing_address=_address(order.billing_address),
        url=order.url or None,
    )


def _address(stored: dict[str, str | None] | None) -> Address | None:
    return None if stored is None else Address.model_validate(stored)
