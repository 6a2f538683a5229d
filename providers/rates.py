"""A provider's rate limit, as `POSTMARK_RATE=50/s` writes it."""

import re
from dataclasses import dataclass
from datetime import timedelta

PERIODS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_RATE = re.compile(r"\s*([1-9]\d{0,8})\s*/\s*([smhd])[a-z]*\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """At most `amount` mails in any `period`."""

    amount: int
    period: timedelta

    def __str__(self) -> str:
        unit = next(unit for unit, period in PERIODS.items() if period == self.period)
        return f"{self.amount}/{unit}"


def parse_rate(text: str) -> Rate:
    """Read `50/s`, `600/m`, `10000/h` or `50000/d`; the unit may be spelled out (`50/second`).

    Raises:
        ValueError: it is none of these.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return Rate(int(match[1]), PERIODS[match[2].lower()])
