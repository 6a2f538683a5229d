"""What the emails about an order are written with: the typed context all order events share."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from orders.models import Order, OrderLine
from templating.contracts import Context
from templating.personal import NOT_PERSONAL


class Part(BaseModel):
    """A part of a context: immutable, and without fields that are not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Open = Annotated[str, NOT_PERSONAL]


class Item(Part):
    """One line of the order."""

    sku: Open = Field(description="The shop's number of the article; may be empty.")
    name: Open = Field(description="What was ordered.")
    quantity: int = Field(description="How many.")
    unit_price: Decimal = Field(description="The price of one.")
    total: Decimal = Field(description="The price of all of this line.")


class Address(Part):
    """Where something goes; the `address_lines` filter puts it in its country's order."""

    name: str = Field(description="Who receives it.")
    line1: str = Field(description="Street and number.")
    line2: str | None = Field(default=None, description="Flat, floor, building.")
    city: str = Field(description="The city.")
    region: str | None = Field(default=None, description="State or province.")
    postal_code: str = Field(default="", description="The postal code; may be empty.")
    country: Open = Field(description="The country as two letters: KR.")
    phone: str | None = Field(default=None, description="For the carrier.")


class OrderDetails(Part):
    """The order as it was placed; amounts have the decimals of its currency."""

    number: Open = Field(description="What the customer calls the order: SO-1001.")
    placed_at: datetime = Field(description="When it was placed.")
    currency: Open = Field(description="The currency of all amounts, as three letters: KRW.")
    locale: Open = Field(description="The customer's locale: ko.")
    items: list[Item] = Field(description="The lines of the order.")
    subtotal: Decimal = Field(description="The sum of the lines.")
    shipping: Decimal = Field(description="What shipping costs; may be zero.")
    discount: Decimal = Field(description="What is taken off; may be zero.")
    tax: Decimal = Field(description="The tax; may be zero.")
    total: Decimal = Field(description="What the customer pays.")
    shipping_address: Address | None = Field(default=None, description="Where the parcel goes.")
    billing_address: Address | None = Field(default=None, description="Where the bill goes.")
    url: str | None = Field(default=None, description="The order's page in the shop.")


class Customer(Part):
    """Who ordered; the name may be empty."""

    name: str = Field(description="The customer's name; may be empty.")
    email: str = Field(description="The customer's address.")


class OrderContext(Context):
    """What every email about an order can use; events add their own part."""

    order: OrderDetails = Field(description="The order as it was placed.")
    customer: Customer = Field(description="Who ordered.")
    role: Literal["customer", "shop"] = Field(
        default="customer", description="For whom this copy is: the customer, or the shop itself."
    )


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
