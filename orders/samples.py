"""Sample orders that every event's templates are tried with: a typical and the awkward ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel

from orders.contexts import Address, Customer, Item, OrderContext, OrderDetails
from orders.totals import add_up
from templating.contracts import Shop

SAMPLE_TIME = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SAMPLE_DATE = date(2026, 3, 17)
LONG_NAME = (
    "Hand-picked first-flush green tea from the misty southern slopes of Mount Jirisan, "
    "roasted in small batches over pine charcoal, in a re-sealable tin with a bamboo scoop, "
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft edition"
)
SHOP = Shop(
    name="Moon & Leaf",
    url="https://shop.example.com",
    logo_url=None,
    support_email="support@shop.example.com",
)
SEOUL = Address(
    name="Kim Minji",
    line1="21 Sejong-daero",
    line2="Apt 1203",
    city="Seoul",
    postal_code="04524",
    country="KR",
    phone="+82 10-1234-5678",
)
PORTLAND = Address(
    name="Ada Lovelace",
    line1="1 SW Main St",
    city="Portland",
    region="OR",
    postal_code="97201",
    country="US",
)

ContextT = TypeVar("ContextT", bound=OrderContext)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a sample order."""

    name: str
    quantity: int
    unit_price: Decimal
    sku: str = "TEA-1"


def _order(
    *,
    currency: str,
    lines: list[Line],
    shipping: str = "0",
    discount: str = "0",
    tax: str = "0",
    address: Address | None = PORTLAND,
    locale: str = "en",
) -> OrderDetails:
    totals = add_up(
        currency=currency,
        lines=lines,
        shipping=Decimal(shipping),
        discount=Decimal(discount),
        tax=Decimal(tax),
    )
    items = [
        Item(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=total,
        )
        for line, total in zip(lines, totals.lines, strict=True)
    ]
    return OrderDetails(
        number="SO-1001",
        placed_at=SAMPLE_TIME,
        currency=currency,
        locale=locale,
        items=items,
        subtotal=totals.subtotal,
        shipping=totals.shipping,
        discount=totals.discount,
        tax=totals.tax,
        total=totals.total,
        shipping_address=address,
        billing_address=None,
        url="https://shop.example.com/orders/SO-1001",
    )


def _typical() -> OrderDetails:
    lines = [
        Line(name="Green tea, 100 g", quantity=2, unit_price=Decimal("12.50")),
        Line(name="Teapot", quantity=1, unit_price=Decimal("39.00"), sku="POT-7"),
    ]
    return _order(currency="USD", lines=lines, shipping="4.90", discount="5.00", tax="6.31")


def _one_line() -> OrderDetails:
    line = Line(name="녹차 100 g", quantity=2, unit_price=Decimal(12000))
    return _order(currency="KRW", lines=[line], shipping="3000", address=SEOUL, locale="ko")


def _forty_lines() -> OrderDetails:
    lines = [
        Line(name=f"Tea no. {n}", quantity=n, unit_price=Decimal(n) / 4, sku=f"TEA-{n}")
        for n in range(1, 41)
    ]
    return _order(currency="EUR", lines=lines, shipping="19.90", tax="1234.56")


def _long_names() -> OrderDetails:
    line = Line(
        name=LONG_NAME, quantity=1_000_000, unit_price=Decimal("99999.999"), sku="SKU-" + "9" * 60
    )
    address = PORTLAND.model_copy(update={"name": LONG_NAME[:160], "line1": LONG_NAME[:200]})
    return _order(currency="KWD", lines=[line], address=address)


def _right_to_left() -> OrderDetails:
    line = Line(name="شاي أخضر (Green tea) 100 غ", quantity=3, unit_price=Decimal("45.50"))
    address = Address(name="محمد علي", line1="شارع التحرير 12", city="القاهرة", country="EG")
    return _order(currency="EGP", lines=[line], shipping="30.00", address=address)


def _markup() -> OrderDetails:
    line = Line(
        name='<b>Tea</b> & "cups" {{ order }} </td>', quantity=1, unit_price=Decimal("9.99")
    )
    address = PORTLAND.model_copy(
        update={"name": "<script>alert(1)</script>", "line2": "{% raw %} & co"}
    )
    return _order(currency="USD", lines=[line], address=address)


def _zero_totals() -> OrderDetails:
    line = Line(name="Sample sachet", quantity=1, unit_price=Decimal("5.00"), sku="")
    return _order(currency="USD", lines=[line], discount="5.00", address=None).model_copy(
        update={"url": None}
    )


MINJI = Customer(name="Kim Minji", email="minji@example.com")
ADA = Customer(name="Ada Lovelace", email="ada@example.com")

# The first is what previews show unless another is chosen.
ORDERS: Mapping[str, tuple[Callable[[], OrderDetails], Customer]] = {
    "typical": (_typical, ADA),
    "one line": (_one_line, MINJI),
    "forty lines": (_forty_lines, ADA),
    "very long names": (
        _long_names,
        Customer(name=LONG_NAME[:200], email=f"{'a' * 64}@example.com"),
    ),
    "right-to-left": (_right_to_left, Customer(name="محمد علي", email="mohamed@example.com")),
    "markup in names": (
        _markup,
        Customer(name="<script>alert(1)</script> & <b>Bob</b>", email="bob@example.com"),
    ),
    "zero totals": (_zero_totals, Customer(name="", email="nameless@example.com")),
}


def samples(
    context: type[ContextT],
    details: Callable[[OrderDetails], Mapping[str, BaseModel]] = lambda _order: {},
    *,
    only: Mapping[str, str] | None = None,
) -> dict[str, ContextT]:
    """Return samples of an event's context by name: each sample order with the event's details.

    Args:
        context: the event's context.
        details: makes the event's own parts to suit a sample order.
        only: take just these sample orders, under other names: `{"typical": "without tracking"}`.
    """
    chosen = {name: name for name in ORDERS} if only is None else only
    found = {}
    for name, shown_as in chosen.items():
        make, customer = ORDERS[name]
        order = make()
        found[shown_as] = context(shop=SHOP, order=order, customer=customer, **details(order))
    if only is None:
        make, customer = ORDERS["typical"]
        order = make()
        found["the shop's own copy"] = context(
            shop=SHOP, order=order, customer=customer, role="shop", **details(order)
        )
    return found
