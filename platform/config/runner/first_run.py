"""What a development machine needs to begin: an administrator, an API key, an order to look at.

Each is made only when there is none of its kind, so that starting again changes nothing.
"""

import secrets
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth import get_user_model

from access import keys
from access.actors import Actor
from access.models import ApiKey
from notifications.models import Notification
from notifications.states import Status
from orders.intake import NewAddress, NewLine, NewOrder
from orders.models import Order
from orders.services import place_order

ADMIN = "admin"
KEY_NAME = "demo"

# Not SO-1001: that number belongs to the examples of README and API documentation.
SAMPLE_ORDERS = (
    NewOrder(
        number="DEMO-1",
        customer_email="ada@example.com",
        customer_name="Ada Lovelace",
        locale="en",
        currency="USD",
        lines=(
            NewLine(sku="TEA-1", name="Green tea, 100 g", quantity=2, unit_price=Decimal("12.50")),
            NewLine(sku="POT-7", name="Teapot", quantity=1, unit_price=Decimal("39.00")),
        ),
        shipping=Decimal("4.90"),
        shipping_address=NewAddress(
            name="Ada Lovelace",
            line1="1 SW Main St",
            city="Portland",
            region="OR",
            postal_code="97201",
            country="US",
        ),
    ),
    NewOrder(
        number="DEMO-2",
        customer_email="minji@example.com",
        customer_name="김민지",
        locale="ko",
        currency="KRW",
        lines=(NewLine(sku="TEA-1", name="녹차 100 g", quantity=2, unit_price=Decimal(12000)),),
        shipping=Decimal(3000),
        shipping_address=NewAddress(
            name="김민지",
            line1="세종대로 21",
            line2="1203호",
            city="서울",
            postal_code="04524",
            country="KR",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What was made now and can be shown only now; None where it had been made before."""

    password: str | None
    api_key: str | None


NOTHING_MADE = Credentials(password=None, api_key=None)


def make_credentials() -> Credentials:
    """Make an administrator and an API key, where there is none."""
    return Credentials(password=_make_administrator(), api_key=_make_api_key())


def _make_administrator() -> str | None:
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username=ADMIN).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(username=ADMIN, password=password)
    return password


def _make_api_key() -> str | None:
    if ApiKey.objects.exists():
        return None
    return keys.create(name=KEY_NAME, actor=Actor.system("manage.py up")).key


def place_sample_orders() -> list[Order]:
    """Place the sample orders, where no order has ever been placed; return them."""
    if Order.objects.exists():
        return []
    return [place_order(order) for order in SAMPLE_ORDERS]


def has_left_for(orders: list[Order]) -> bool:
    """Say whether none of the orders' mail is on its way to a provider any more."""
    numbers = [order.number for order in orders]
    under_way = Notification.objects.filter(
        reference__in=numbers, status__in=(Status.QUEUED, Status.SENDING)
    )
    return not under_way.exists()
