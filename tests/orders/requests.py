"""Requests as a shop sends them."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

from orders.intake import NewLine, NewOrder

ORDERS = "/api/v1/orders/"
BODY: dict[str, Any] = {
    "number": "TEA-7",
    "customer": {"email": "minji@example.com", "name": "Kim Minji"},
    "locale": "ko",
    "currency": "KRW",
    "lines": [
        {"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": "12000"},
        {"sku": "POT-1", "name": "Teapot", "quantity": 1, "unit_price": "39000"},
    ],
    "shipping": "3000",
    "discount": "1000",
    "tax": "0",
    "shipping_address": {
        "name": "Kim Minji",
        "line1": "21 Sejong-daero",
        "city": "Seoul",
        "postal_code": "04524",
        "country": "KR",
    },
    "billing_address": None,
    "metadata": {"channel": "web"},
}


def body(**differences: Any) -> dict[str, Any]:
    """Return the body of an order; `lines__1__quantity=-1` changes one value deep inside."""
    changed = deepcopy(BODY)
    for path, value in differences.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place: Any = changed
        for part in way:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return changed


def events(number: str) -> str:
    """Return where the events of an order are posted."""
    return f"{ORDERS}{number}/events/"


def new_order(**differences: Any) -> NewOrder:
    """Return an order to be placed by the services."""
    values: dict[str, Any] = {
        "customer_email": "minji@example.com",
        "customer_name": "Kim Minji",
        "locale": "ko",
        "currency": "KRW",
        "lines": (NewLine(sku="TEA-1", name="Green tea", quantity=2, unit_price=Decimal(12000)),),
        "shipping": Decimal(3000),
    }
    return NewOrder(**(values | differences))
