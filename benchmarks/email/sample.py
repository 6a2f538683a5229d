"""The one order that every contender mails about, five lines long."""

from decimal import Decimal

CUSTOMER = "Ada Lovelace"
SHIPPING = Decimal("4.90")
LINES = (
    ("TEA-1", "Green tea from the southern slopes, 100 g", 2, Decimal("12.50")),
    ("POT-7", "Teapot of cast iron", 1, Decimal("39.00")),
    ("CUP-4", "Cups of white porcelain, set of four", 1, Decimal("24.00")),
    ("SPN-2", "Bamboo spoon", 3, Decimal("3.20")),
    ("TIN-9", "Tin with a lid that closes", 2, Decimal("7.80")),
)
TOTAL = SHIPPING + sum(quantity * price for _, _, quantity, price in LINES)


def number_of(position: int) -> str:
    """Return the order's number."""
    return f"SO-{position:07}"


def recipient_of(position: int) -> str:
    """Return the address that the sink knows the mail by."""
    return f"mail-{position:07}@example.com"
