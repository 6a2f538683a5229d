"""What happens in the demo's week: pure, and the same for the same seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from random import Random
from typing import Any

from orders.intake import NewAddress, NewLine, NewOrder

DAYS = 7
PREFIX = "DEMO-"
FIRST = 10_001
# Orders by the hour of the day: few at night, most at noon and in the evening.
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 15, 13, 11, 11, 12, 13, 14, 16, 17, 14, 9, 5)


class Fate(Enum):
    """What becomes of one mail."""

    DELIVERED = auto()
    SENT = auto()
    """Accepted, and nothing has been reported since."""
    BOUNCED = auto()
    COMPLAINED = auto()
    SLOW = auto()
    """Put off a few times before it is accepted."""
    STUCK = auto()
    """Put off again and again."""
    REFUSED = auto()
    BROKEN = auto()
    """Its template could not be rendered."""
    DOUBTED = auto()
    """Nobody knows whether the provider has it."""
    CANCELLED = auto()


# Per mille; what is left is delivered.
USUAL: Mapping[Fate, int] = {
    Fate.SENT: 60,
    Fate.SLOW: 55,
    Fate.BOUNCED: 14,
    Fate.COMPLAINED: 3,
    Fate.REFUSED: 14,
    Fate.BROKEN: 4,
}
LATELY: Mapping[Fate, int] = {
    Fate.STUCK: 160,
    Fate.DOUBTED: 25,
    Fate.REFUSED: 30,
    Fate.CANCELLED: 20,
}
"""What also happens to the mail of the last two hours."""
LATELY_IS = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One event of an order: its type (`placed`, `shipped`, …), when, and its data."""

    kind: str
    at: datetime
    data: Mapping[str, Any]
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One order, and what happens to it; the first happening is that it is placed."""

    order: NewOrder
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, kw_only=True)
class Outage:
    """When the first provider was down."""

    begins_at: datetime
    ends_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether it was down then."""
        return self.begins_at <= at < self.ends_at


def outage(now: datetime) -> Outage:
    """Return the week's outage: 70 minutes, two days ago."""
    begins_at = now - timedelta(days=2, hours=3)
    return Outage(begins_at=begins_at, ends_at=begins_at + timedelta(minutes=70))


def plots(*, orders: int, now: datetime, seed: int) -> Iterator[Plot]:
    """Yield so many orders, the oldest first; nothing in them happens after `now`."""
    random = Random(seed)  # noqa: S311 - a story needs no secrets
    moments = sorted(_moment(random, now) for _ in range(orders))
    for number, placed_at in enumerate(moments, start=FIRST):
        order, is_korean = _order(random, f"{PREFIX}{number}")
        happenings = [
            Happening(kind=kind, at=at, data=data, fate=_fate(random, now - at))
            for kind, at, data in _life(random, placed_at, is_korean=is_korean)
            if at <= now
        ]
        yield Plot(order=order, happenings=tuple(happenings))


def _moment(random: Random, now: datetime) -> datetime:
    while True:
        # One in eight within the last hours, so that something is going on whenever one looks.
        is_late = random.random() < 1 / 8
        at = now - timedelta(hours=6 if is_late else DAYS * 24) * random.random()
        if is_late or random.random() < BY_HOUR[at.hour] / max(BY_HOUR):
            return at


def _fate(random: Random, age: timedelta) -> Fate:
    chances = {**USUAL, **(LATELY if age < LATELY_IS else {})}
    drawn = random.randrange(1000)
    for fate, share in chances.items():
        if drawn < share:
            return fate
        drawn -= share
    return Fate.DELIVERED


# --- orders and their lives

NAMES = (
    *("Ada Lovelace", "Grace Hopper", "Jane Ashworth", "Omar Haddad", "Sofia Rossi"),
    *("Liam Murphy", "Nora Lindqvist", "Tomás Vega", "Priya Raman", "Felix Braun"),
)
KOREAN_NAMES = ("김민지", "이서준", "박하은", "최도윤", "정수아", "강지호", "윤예린", "임현우")
KOREAN_LOCAL_PARTS = ("minji", "seojun", "haeun", "doyun", "sua", "jiho", "yerin", "hyunwoo")
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com")
ITEMS = (
    ("TEA-1", "Green tea, 100 g", "녹차 100 g", "12.50", "12000"),
    ("TEA-4", "Hojicha, 80 g", "호지차 80 g", "11.00", "11000"),
    ("TEA-9", "First flush Darjeeling, 50 g", "다즐링 퍼스트 플러시 50 g", "18.90", "21000"),
    ("POT-7", "Teapot, clay", "도자기 찻주전자", "39.00", "45000"),
    ("CUP-2", "Cup, set of two", "찻잔 2인 세트", "24.00", "28000"),
    ("BOX-3", "Gift box", "선물 상자", "6.50", "7000"),
)
ADDRESS = {
    True: NewAddress(
        name="김민지", line1="세종대로 21", city="서울", postal_code="04524", country="KR"
    ),
    False: NewAddress(
        name="Ada Lovelace",
        line1="1 SW Main St",
        city="Portland",
        region="OR",
        postal_code="97201",
        country="US",
    ),
}


def _order(random: Random, number: str) -> tuple[NewOrder, bool]:
    """Return an order of one of the shop's customers, and whether that is a Korean one."""
    is_korean = random.random() < 0.4
    if is_korean:
        index = random.randrange(len(KOREAN_NAMES))
        name, local = KOREAN_NAMES[index], KOREAN_LOCAL_PARTS[index]
    else:
        name = random.choice(NAMES)
        local = name.split()[0].lower().replace("á", "a")
    address = f"{local}{random.randrange(10, 99)}@{random.choice(DOMAINS)}"
    lines = tuple(
        NewLine(
            sku=sku,
            name=korean if is_korean else english,
            quantity=random.choice((1, 1, 1, 2, 2, 3)),
            unit_price=Decimal(won if is_korean else dollars),
        )
        for sku, english, korean, dollars, won in random.sample(ITEMS, random.choice((1, 1, 2, 3)))
    )
    order = NewOrder(
        number=number,
        customer_email=address,
        customer_name=name,
        locale="ko" if is_korean else "en",
        currency="KRW" if is_korean else random.choice(("USD", "USD", "EUR")),
        lines=lines,
        shipping=Decimal("3000" if is_korean else "4.90"),
        shipping_address=ADDRESS[is_korean],
        metadata={"channel": "demo"},
    )
    return order, is_korean


Step = tuple[str, datetime, Mapping[str, Any]]


def _life(random: Random, placed_at: datetime, *, is_korean: bool) -> Iterator[Step]:
    yield "placed", placed_at, {}
    at = placed_at + timedelta(minutes=random.randrange(1, 50))
    if random.random() < 0.05:
        yield "cancelled", at, {}
        return
    if random.random() < 0.04:
        return  # never paid
    yield "paid", at, {}
    at += timedelta(hours=random.uniform(3, 30))
    carrier = "CJ대한통운" if is_korean else "UPS"
    tracking = f"{random.randrange(10**11, 10**12)}"
    yield "shipped", at, {"carrier": carrier, "tracking_number": tracking}
    at += timedelta(hours=random.uniform(14, 60))
    yield "delivered", at, {}
    if random.random() < 0.06:
        yield "refunded", at + timedelta(hours=random.uniform(5, 40)), {}
